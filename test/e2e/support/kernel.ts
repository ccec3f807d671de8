import { spawn } from "node:child_process";
import { runProgramInGuest } from "../../support/guest/program.ts";
import { namespace } from "../../support/namespace.ts";
import { umlMissing } from "../../support/guest/uml.ts";

/** What the scenes need of a kernel besides ESP; loaded where it runs as a guest. */
const MODULES = [
  "esp4",
  "esp6",
  "xfrm_user",
  "gcm",
  "seqiv",
  "veth",
  "bridge",
  "br_netfilter",
  "vxlan",
  "nf_conntrack_netlink",
  "iptable_nat",
  "iptable_filter",
  "iptable_mangle",
  "ip6table_nat",
  "xt_MASQUERADE",
  "xt_comment",
  "xt_mark",
  "xt_conntrack",
  "xt_addrtype",
  "xt_set",
  "ip_set_hash_net",
];

/** Why this machine's kernel cannot encrypt as crosslink does; undefined when it can. Looks by trying. */
export function espMissing(): string | undefined {
  using scratch = namespace();
  const association = [
    "src",
    "192.0.2.1",
    "dst",
    "192.0.2.2",
    "proto",
    "esp",
    "spi",
    "0x1000",
    "mode",
    "tunnel",
    "aead",
    "rfc4106(gcm(aes))",
    `0x${"00".repeat(20)}`,
    "128",
  ];
  const tried = scratch.try("ip", "xfrm", "state", "add", ...association);
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

/** Why no scene can run on this machine; undefined when one can. */
export function scenesMissing(): string | undefined {
  return espMissing() === undefined ? undefined : umlMissing();
}

/** How a scene is run. */
export interface SceneOptions {
  readonly onOutput?: (text: string) => void;
  /** 120 unless said otherwise. */
  readonly timeoutSeconds?: number;
  /** Of a guest: 512 unless said otherwise. */
  readonly memoryMegabytes?: number;
  /** Plays on this machine's kernel, whatever it can: a guest is ten times as slow. */
  readonly withoutEsp?: boolean;
}

/** How it ended, and what it wrote to stdout. */
export interface SceneResult {
  readonly status: number;
  readonly output: string;
}

/** Runs a TypeScript file where ESP is: on this machine's kernel, else in User Mode Linux over this machine's files. */
export function runScene(
  script: readonly string[],
  options: SceneOptions = {},
): Promise<SceneResult> {
  const { withoutEsp = false, ...rest } = options;
  return withoutEsp || espMissing() === undefined
    ? runHere(script, rest)
    : runInGuest(script, rest);
}

/** Runs a TypeScript file in User Mode Linux. */
export function runInGuest(
  script: readonly string[],
  options: SceneOptions = {},
): Promise<SceneResult> {
  return runProgramInGuest(script, { modules: MODULES, ...options });
}

function runHere(
  script: readonly string[],
  options: SceneOptions,
): Promise<SceneResult> {
  const child = spawn(process.execPath, script, {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: (options.timeoutSeconds ?? 120) * 1000,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
    options.onOutput?.(part);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ status: code ?? 1, output });
    });
  });
}
