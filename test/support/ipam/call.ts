import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../cni/main.ts";
import type { IpamContext } from "../../../ipam/context.ts";
import { ipamHandlers } from "../../../ipam/handlers.ts";
import { loadBinding } from "../../../native/binding.ts";
import { cniEnvironment } from "../binary.ts";

/** One CNI call of an IPAM plugin. */
export interface Call {
  readonly command: "ADD" | "DEL" | "CHECK" | "GC" | "STATUS";
  readonly config: object;
  readonly id?: string;
  readonly ifname?: string;
  readonly netns?: string;
  readonly args?: string;
}

/** What a plugin answered. */
export interface Answer {
  readonly code: number;
  /** The JSON object that it printed; absent when it printed nothing. */
  readonly output?: Output;
}

/** A result or an error object. */
export interface Output {
  readonly cniVersion?: string;
  readonly ips?: readonly {
    readonly address: string;
    readonly gateway: string;
  }[];
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
}

/** The addresses of a result, without prefix lengths. */
export function addressesOf({ output }: Answer): readonly string[] {
  return (output?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ""));
}

/** A program and the arguments before the plugin's own (it has none). */
export type Program = readonly [string, ...string[]];

const root = join(import.meta.dirname, "../../..");

export const hostLocal: Program = ["/usr/lib/cni/host-local"];

/** The built binary where there is one, else the same handlers run by node; CROSSLINK_IPAM names another. */
export function crosslinkIpam(): Program {
  const named = process.env["CROSSLINK_IPAM"];
  if (named !== undefined) return [named];
  const built = join(root, "dist/crosslink-ipam");
  if (existsSync(built)) return [built];
  return [process.execPath, join(import.meta.dirname, "entry.ts")];
}

/** Runs a plugin and waits for it. */
export function callProgram([file, ...args]: Program, call: Call): Answer {
  const { status, stdout, stderr } = spawnSync(file, args, {
    env: environmentOf(call),
    input: JSON.stringify(call.config),
    encoding: "utf8",
  });
  return answerOf(status ?? -1, stdout, stderr);
}

/** Runs a plugin beside others. */
export async function startProgram(
  [file, ...args]: Program,
  call: Call,
): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: environmentOf(call) },
      (_, stdout, stderr) => {
        resolve(answerOf(child.exitCode ?? -1, stdout, stderr));
      },
    );
    child.stdin?.end(JSON.stringify(call.config));
  });
}

/** Runs our handlers in this process: the same protocol without the cost of a process. */
export function callHandlers(
  call: Call,
  context: Partial<IpamContext> = {},
): Answer {
  const out: string[] = [];
  const code = run(
    {
      environment: environmentOf(call),
      readStdin: () => Buffer.from(JSON.stringify(call.config)),
      writeStdout: (text) => out.push(text),
      writeStderr: () => undefined,
    },
    ipamHandlers({
      binding: () => loadBinding(),
      mesh: () => undefined,
      runDirectory: join(tmpdir(), "crosslink-ipam-run"),
      stateDirectory: join(tmpdir(), "crosslink-ipam-state"),
      ...context,
    }),
  );
  return answerOf(code, out.join(""), "");
}

/** A folder that is gone with the test. */
export function temporary(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "crosslink-ipam-"));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function environmentOf(call: Call): Record<string, string> {
  return {
    ...cniEnvironment(call.command, {
      containerId: call.id ?? "",
      netns: call.netns,
    }),
    ...(call.ifname !== undefined && { CNI_IFNAME: call.ifname }),
    ...(call.args !== undefined && { CNI_ARGS: call.args }),
  };
}

function answerOf(code: number, stdout: string, stderr: string): Answer {
  if (stdout !== "") return { code, output: JSON.parse(stdout) as Output };
  return stderr === "" ? { code } : { code, output: { msg: stderr } };
}
