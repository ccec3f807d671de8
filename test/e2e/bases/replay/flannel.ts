/**
 * What flannel's CNI plugin does, which Debian does not carry (flannel-io/cni-plugin: flannel.go, flannel_linux.go): it
 * turns the node's lease into a configuration for the bridge plugin, and delegates to it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Input {
  readonly cniVersion: string;
  readonly name: string;
  readonly subnetFile?: string;
  readonly dataDir?: string;
  readonly delegate?: Record<string, unknown>;
  readonly ipam?: Record<string, unknown>;
}

const environment = process.env;
const input = JSON.parse(readFileSync(0, "utf8")) as Input;
const folder = input.dataDir ?? "/var/lib/cni/flannel";
const kept = join(folder, environment["CNI_CONTAINERID"] ?? "");

// The real one's CHECK does nothing, too.
if (environment["CNI_COMMAND"] === "ADD") add();
if (environment["CNI_COMMAND"] === "DEL") del();

function add(): void {
  const text = JSON.stringify(bridgeConfiguration());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(kept, text, { mode: 0o600 });
  runBridge(text);
}

function del(): void {
  const text = readKept();
  if (text !== undefined) runBridge(text);
  rmSync(kept, { force: true });
}

function bridgeConfiguration(): object {
  const lease = readLease(input.subnetFile ?? "/run/flannel/subnet.env");
  const { delegate = {}, ipam = {}, cniVersion, name } = input;
  return {
    name,
    cniVersion,
    type: "bridge",
    ipMasq: lease["FLANNEL_IPMASQ"] !== "true",
    mtu: Number(lease["FLANNEL_MTU"]),
    ...("isDefaultGateway" in delegate ? {} : { isGateway: true }),
    ...delegate,
    ipam: {
      type: "host-local",
      ...ipam,
      ranges: [[{ subnet: networkOf(lease["FLANNEL_SUBNET"]) }]],
      routes: [{ dst: lease["FLANNEL_NETWORK"] }],
    },
  };
}

function readLease(path: string): Record<string, string> {
  const text = readFileSync(path, "utf8");
  const lines = [...text.matchAll(/^(\w+)=(.*)$/gm)];
  return Object.fromEntries(
    lines.map(([, name = "", value = ""]) => [name, value]),
  );
}

/** The lease is the bridge's own address in a /24. */
function networkOf(address = ""): string {
  return address.replace(/\.\d+\/24$/, ".0/24");
}

function readKept(): string | undefined {
  try {
    return readFileSync(kept, "utf8");
  } catch {
    return undefined; // DEL again, or never after ADD
  }
}

/** Its output is ours, and so is its exit code. */
function runBridge(stdin: string): void {
  const folders = (environment["CNI_PATH"] ?? "").split(":");
  for (const path of folders) {
    const ran = spawnSync(join(path, "bridge"), {
      input: stdin,
      env: environment,
    });
    if (ran.error !== undefined) continue; // not in this folder
    process.stdout.write(ran.stdout);
    process.exitCode = ran.status ?? 1;
    return;
  }
  throw new Error(`Cannot find the plugin "bridge" in ${folders.join(", ")}`);
}
