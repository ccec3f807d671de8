import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
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
import { basename, join } from "node:path";
import { findGo } from "./go.ts";
import { goModule, pinnedSums } from "./go-module.ts";
import { type Source, SOURCES } from "./versions.ts";

/** Where programs are kept from one run to the next. */
export const CACHE = "/var/cache/crosslink/kubernetes";

const SUMS = join(import.meta.dirname, "go.sum");

/** The folder of each source's programs, by the source's name. */
export type ProgramFolders = ReadonlyMap<string, string>;

/** Where to, and what. */
export interface BuildOptions {
  readonly cache?: string;
  readonly sources?: readonly Source[];
}

/** To be counted up where programs come out otherwise from the same sources. */
const RECIPE = 1;

/**
 * Builds what the cache has not, from the Go module proxy. What is there is complete: a folder gets its name, which
 * holds a hash of all that it was made from, when its last program is in it. What cannot be built is thrown after all
 * others are there, so that the next run has only that to build.
 */
export function buildPrograms(
  say: (sentence: string) => void,
  { cache = CACHE, sources = SOURCES }: BuildOptions = {},
): ProgramFolders {
  const folders = new Map(
    sources.map((source) => [source.name, join(cache, folderName(source))]),
  );
  const missing = notInCache({ cache, sources });
  if (missing.length === 0) return folders;
  mkdirSync(cache, { recursive: true });
  const names = missing
    .map(({ name, version }) => `${name} ${version}`)
    .join(", ");
  say(
    `builds ${names} from the Go module proxy into ${cache}: with an empty cache about 15 minutes on two cores, seconds from then on`,
  );
  const go = findGo(cache, say);
  const failures: unknown[] = [];
  for (const source of missing) {
    say(`builds ${source.name} ${source.version}`);
    try {
      build(source, { go, cache, target: folders.get(source.name) ?? "" });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, failures.map(String).join("; "));
  return folders;
}

/** What is still to be built. */
export function notInCache({
  cache = CACHE,
  sources = SOURCES,
}: BuildOptions = {}): Source[] {
  return sources.filter(
    (source) => !existsSync(join(cache, folderName(source))),
  );
}

function folderName(source: Source): string {
  const sums = pinnedSums(readFileSync(SUMS, "utf8"), source);
  const made = JSON.stringify([RECIPE, source, sums]);
  return `${source.name}-${createHash("sha256").update(made).digest("hex").slice(0, 12)}`;
}

function build(
  source: Source,
  { go, cache, target }: { go: string; cache: string; target: string },
): void {
  const work = mkdtempSync(join(cache, ".unfinished-"));
  try {
    const bin = join(work, "bin");
    mkdirSync(bin);
    const run = runner(go, work, source);
    const origin = download(run, source);
    writeFileSync(
      join(work, "go.mod"),
      goModule(readFileSync(origin.GoMod, "utf8"), source),
    );
    const pinned = pinnedSums(readFileSync(SUMS, "utf8"), source);
    writeFileSync(
      join(work, "go.sum"),
      `${pinned}\n${readFileSync(join(origin.Dir, "go.sum"), "utf8")}`,
    );
    const words = ["-p", "2", "-ldflags", linkerWords(source), "-o"];
    if (source.packages.length > 0)
      run("build", ...words, `${bin}/`, ...source.packages);
    for (const tests of source.tests ?? [])
      run("test", "-c", ...words, join(bin, basename(tests)), tests);
    for (const [alias, program] of Object.entries(source.aliases ?? {}))
      symlinkSync(program, join(bin, alias));
    for (const [name, path] of Object.entries(source.files ?? {})) {
      copyFileSync(join(origin.Dir, path), join(bin, name));
      chmodSync(join(bin, name), 0o644);
    }
    moveWhole(bin, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another run may have built the same meanwhile, and what it built is as good. */
function moveWhole(bin: string, target: string): void {
  try {
    renameSync(bin, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

type Go = (...words: string[]) => string;

function runner(go: string, work: string, { cgo = false }: Source): Go {
  const env = {
    ...process.env,
    GOFLAGS: "-mod=mod -trimpath -buildvcs=false",
    GOTOOLCHAIN: "local",
    CGO_ENABLED: cgo ? "1" : "0",
  };
  return (...words) =>
    execFileSync(go, words, {
      cwd: work,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 1 << 28,
    });
}

interface Download {
  readonly Sum: string;
  readonly Dir: string;
  readonly GoMod: string;
}

/** Fetches a source's own module. Throws where that is not what go.sum says; of all others Go itself checks it. */
function download(run: Go, { module, version }: Source): Download {
  const found = JSON.parse(
    run("mod", "download", "-json", `${module}@${version}`),
  ) as Download;
  const sum = `${module} ${version} ${found.Sum}`;
  if (readFileSync(SUMS, "utf8").split("\n").includes(sum)) return found;
  throw new Error(
    `Cannot build ${module} ${version}: its checksum is ${found.Sum}, and go.sum does not say so`,
  );
}

function linkerWords({ variables = {} }: Source): string {
  const set = Object.entries(variables).map(
    ([name, value]) => `-X ${name}=${value}`,
  );
  return ["-s", "-w", ...set].join(" ");
}
