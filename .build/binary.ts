/** dist/crosslink: one ELF file with Node, the bundled sources and the addon inside, made by pkg in its SEA mode. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import pkg from "@yao-pkg/pkg/lib-es5/sea.js";
import { asFunction, bundle, bundleLoader } from "./bundle.ts";
import { writeCaches } from "./code-cache.ts";
import type { Entries } from "./entries.ts";
import { bundlePackages, PACKAGES_NAME } from "./packages.ts";
import { nodePackage } from "./paths.ts";

/** What goes into a binary. */
export interface BinaryInputs {
  /** The TypeScript files whose import runs the program. */
  readonly entry: Entries;
  /** The compiled addon. */
  readonly addon: string;
  /** The compiled launcher, which `crosslink install` unpacks. */
  readonly launcher: string;
  /** What else esbuild is to do with the sources. */
  readonly plugins?: readonly Plugin[];
}

/**
 * Builds `output`, and beside it the link `<output>-ipam`, unless the inputs are those of the last time.
 * The file appears whole: a build at the same moment, or a program that runs it, is not disturbed.
 */
export async function buildBinary(
  output: string,
  { entry, addon, launcher, plugins }: BinaryInputs,
): Promise<void> {
  const program = {
    call: await bundle(entry.call, plugins),
    release: await bundle(entry.release, plugins),
    ipam: await bundle(entry.ipam, plugins),
    commandLine: await bundle(entry.commandLine, plugins),
  };
  const packages = await bundlePackages();
  const loader = await bundleLoader();
  const digest = digestOf([
    program.call,
    program.release,
    program.ipam,
    program.commandLine,
    packages,
    loader,
    readFileSync(addon),
    readFileSync(launcher),
    ownText(),
    baseText(),
  ]);
  const digestFile = `${output}.inputs`;
  if (existsSync(output) && readText(digestFile) === digest) return;
  mkdirSync(join(output, ".."), { recursive: true });
  const folder = mkdtempSync(`${output}.unfinished-`);
  try {
    await pack(folder, { program, packages, loader, addon, launcher });
    renameSync(join(folder, "crosslink"), output);
    linkIpam(output, folder);
    writeFileSync(digestFile, digest);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the binary is packed from: texts, and the paths of two files. */
interface Parts {
  readonly program: Entries;
  readonly packages: string;
  readonly loader: string;
  readonly addon: string;
  readonly launcher: string;
}

/**
 * In MB: V8 takes memory by what the machine has, and would let a large mesh's garbage grow past what a pod may have. It
 * begins with 1 MB, which an ADD fills: to collect that takes longer than the ADD of a small mesh needs the room.
 */
export const HEAP_FLAGS = [
  "--min-semi-space-size=4",
  "--max-semi-space-size=4",
];

/**
 * pkg's public `exec()` takes no path of a local Node and would download one; the function under it does.
 * `execArgvExtension: "none"`: a NODE_OPTIONS in the environment must not load code into a program that root runs.
 * `--disable-sigusr1`: nor must a signal open a debugger's port, where whoever connects runs code as root.
 */
async function pack(
  folder: string,
  { program, packages, loader, addon, launcher }: Parts,
): Promise<void> {
  const node = strippedNode(join(folder, "node"));
  const scripts = writeScripts(folder, program);
  const tools = { node, flags: HEAP_FLAGS, addon };
  const caches = writeCaches(scripts, folder, tools);
  const packagesScript = join(folder, PACKAGES_NAME);
  writeFileSync(packagesScript, asFunction(packages));
  const mainScript = join(folder, "loader.cjs");
  writeFileSync(mainScript, loader);
  const seaConfig = {
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: true,
    execArgv: ["--disable-sigusr1", ...HEAP_FLAGS],
    execArgvExtension: "none",
    assets: {
      "call.js": scripts.call,
      "release.js": scripts.release,
      "ipam.js": scripts.ipam,
      "crosslink.js": scripts.commandLine,
      ...caches,
      [PACKAGES_NAME]: packagesScript,
      [addonName(addon)]: addon,
      launcher,
    },
  };
  const target = { platform: "linux", arch: process.arch, nodeRange: "node24" };
  const output = join(folder, "crosslink");
  await pkg.default(mainScript, {
    targets: [{ ...target, output } as never],
    nodePath: node,
    seaConfig,
  });
}

/** The name that the addon's file gets where it is unpacked: it tells the content. */
function addonName(addon: string): string {
  return `.crosslink-${digestOf([readFileSync(addon)]).slice(0, 16)}.node`;
}

function writeScripts(folder: string, program: Entries): Entries {
  const write = (name: string, text: string): string => {
    const script = join(folder, name);
    writeFileSync(script, asFunction(text));
    return script;
  };
  return {
    call: write("call.js", program.call),
    release: write("release.js", program.release),
    ipam: write("ipam.js", program.ipam),
    commandLine: write("crosslink.js", program.commandLine),
  };
}

/** The Node that ships, 18 MB smaller without the symbols that only a debugger reads. */
function strippedNode(copy: string): string {
  copyFileSync(`${nodePackage()}/bin/node`, copy);
  execFileSync("strip", [copy]);
  return copy;
}

function linkIpam(output: string, folder: string): void {
  const link = join(folder, "ipam");
  symlinkSync("crosslink", link);
  renameSync(link, `${output}-ipam`);
}

function digestOf(parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** What else shapes the binary: the steps that make it. */
function ownText(): string {
  const steps = ["binary.ts", "bundle.ts", "code-cache.ts", "training.ts"];
  return steps
    .map((step) => readFileSync(join(import.meta.dirname, step), "utf8"))
    .join("");
}

function baseText(): string {
  return readFileSync(`${nodePackage()}/package.json`, "utf8");
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
