/**
 * Makes a call of the bundle as a node that has had pods before gets it, and writes V8's compiled form of the functions
 * that ran. .build/code-cache.ts says why.
 *
 *   unshare --net --mount node .build/training.ts SCRIPT EARLIER-CALLS-SCRIPT CACHE ADDON PROGRAM COMMAND
 *
 * Needs root, and changes nothing outside of those namespaces. Throws where the call fails.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import { TRAINED } from "./code-cache.ts";
import { root } from "./paths.ts";

/** A node of conf/examples/two-clouds, and a pod. What is written lies on file systems that go with the process. */
const NODE = `
  mount -t tmpfs none /run
  mount -t tmpfs none /var/lib
  ip link set lo up
  ip link add eth0 type veth peer name wire
  ip link set eth0 up
  ip link set wire up
  ip addr add 172.17.0.7/24 dev eth0
  ip route add default via 172.17.0.1
  ip netns add pod
  ip link add vethpod type veth peer name eth0 netns pod
  ip link set vethpod up
  ip -n pod link set eth0 up
  ip -n pod addr add 10.64.0.5/32 dev eth0`;

const ATTACHMENT = {
  CNI_CONTAINERID: "pod",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
};

const PREV_RESULT = {
  cniVersion: "1.0.0",
  interfaces: [
    { name: "vethpod" },
    { name: "eth0", sandbox: ATTACHMENT.CNI_NETNS },
  ],
  ips: [{ interface: 1, address: "10.64.0.5/32" }],
};

const FOLDER = "/run/training";
const KEYRING = join(FOLDER, "keyring.json");

type Configuration = Readonly<Record<string, unknown>>;
type Program = (...commonJs: unknown[]) => void;

const [script = "", earlierScript = "", cache = "", addon = "", ...called] =
  process.argv.slice(2);
const [argv0 = "", command = ""] = called;
// Functions that only earlier calls need are compiled for another script, and stay out of the cache.
const earlier = compiled(earlierScript, "earlier.js");
const trained = compiled(script, "crosslink.js");

execFileSync("sh", ["-ec", NODE]);
mkdirSync(FOLDER);
writeKeyring();
for (const config of configurations()) {
  const before = TRAINED[`${argv0} ${command}`] ?? [];
  for (const name of before) call(earlier, name, config);
  call(trained, command, config);
  // Somebody has changed the ruleset since: it is read again.
  if (argv0 === "crosslink" && command === "ADD") {
    rmSync("/run/crosslink/verified", { force: true });
    call(trained, command, config);
  }
}
writeFileSync(cache, trained.createCachedData());

/** One for each kind of work that the program may have. */
function configurations(): Configuration[] {
  return argv0 === "crosslink" ? ["none", "esp"].map(chained) : [ipam()];
}

/** crosslink's entry in the conflist of a node that has one peer, encrypted or not. */
function chained(encryption: string): Configuration {
  const clustersDir = join(FOLDER, encryption);
  mkdirSync(clustersDir);
  for (const name of ["cloud-a", "cloud-b"]) {
    const file = `${root}/conf/examples/two-clouds/${name}.json`;
    const cluster = JSON.parse(readFileSync(file, "utf8")) as object;
    const theirs = name === "cloud-b" ? { encryption } : {};
    writeFileSync(
      join(clustersDir, `${name}.json`),
      JSON.stringify({ ...cluster, ...theirs }),
    );
  }
  return {
    type: "crosslink",
    node: "vm-0-7",
    clustersDir,
    keyring: KEYRING,
    prevResult: PREV_RESULT,
  };
}

function ipam(): Configuration {
  const ranges = [[{ subnet: "10.64.0.0/24" }]];
  const dataDir = join(FOLDER, "ipam");
  return {
    type: "ptp",
    ipam: { type: "crosslink-ipam", dataDir, ranges },
  };
}

function writeKeyring(): void {
  const secret = Buffer.alloc(32, "training").toString("base64");
  const keyring = { active: 1, keys: [{ id: 1, secret }] };
  writeFileSync(KEYRING, JSON.stringify(keyring), { mode: 0o600 });
}

function compiled(file: string, filename: string): Script {
  return new Script(readFileSync(file, "latin1"), { filename });
}

/** One call in this process, which the bundle takes for the binary's. */
function call(script: Script, name: string, config: Configuration): void {
  const [stdin, stdout] = [join(FOLDER, "stdin"), join(FOLDER, "stdout")];
  const network = { cniVersion: "1.0.0", name: "pods", ...config };
  writeFileSync(stdin, JSON.stringify(network));
  replace(0, stdin, "r");
  replace(1, stdout, "w");
  const env = { ...ATTACHMENT, CNI_COMMAND: name };
  // The addon is unpacked beside the executable.
  const execPath = join(FOLDER, argv0);
  const exitCode = runAs({ argv0, env, execPath }, script);
  const printed = readFileSync(stdout, "utf8");
  if (exitCode !== 0 && !cannotEncrypt(printed))
    throw new Error(`${name} of ${argv0} failed: ${printed}`);
}

/** Opens a file as this descriptor: the lowest that is free. */
function replace(fd: number, file: string, mode: string): void {
  closeSync(fd);
  if (openSync(file, mode) !== fd)
    throw new Error(`Cannot open "${file}" as descriptor ${fd}`);
}

/** Runs the bundle with other properties of `process`, and gives the exit code. */
function runAs(properties: object, script: Script): unknown {
  const real = process;
  let exitCode: unknown;
  const exit = (code: unknown) => {
    exitCode = code;
  };
  const binary = Object.setPrototypeOf(
    { ...properties, exit, getBuiltinModule: builtinModule(real) },
    real,
  ) as NodeJS.Process;
  const program = script.runInThisContext() as Program;
  globalThis.process = binary;
  try {
    program({}, createRequire(import.meta.url), {}, "crosslink.js", root);
  } finally {
    globalThis.process = real;
  }
  return exitCode;
}

/** Node's modules as the binary gets them: the addon is an asset. */
function builtinModule(real: NodeJS.Process) {
  const sea = {
    isSea: () => true,
    getAssetKeys: () => [".crosslink-training.node"],
    getRawAsset: () => new Uint8Array(readFileSync(addon)).buffer,
  };
  return (name: string) =>
    name === "node:sea" ? sea : real.getBuiltinModule(name);
}

/** On a kernel without ESP, as that of a machine that builds may be, ADD says error 102, and CHECK 103 of what it left. */
function cannotEncrypt(printed: string): boolean {
  return /"code":\s*10[23]\b/.test(printed);
}
