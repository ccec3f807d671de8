import { fileURLToPath } from "node:url";

/** The folder of the built programs. */
export const dist = fileURLToPath(new URL("../../dist", import.meta.url));

/** The built binary; CROSSLINK names another. */
export const binary = process.env["CROSSLINK"] ?? `${dist}/crosslink`;

/** Reference plugins of Debian's containernetworking-plugins. */
export const referencePlugins = "/usr/lib/cni";

/** What programs find on their `PATH` that need no other. */
export const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** How a program ended. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program printed. Throws when it failed. */
export function printedBy(
  { status, stdout, stderr }: Ended,
  command: readonly string[],
): string {
  if (status === 0) return stdout;
  throw new Error(
    `Cannot run "${command.join(" ")}": exit code ${status}: ${stderr}${stdout}`,
  );
}

/** A call's variables of the CNI protocol, for a pod's `eth0`. */
export function cniEnvironment(
  command: string,
  {
    containerId = "c1",
    netns = "/nowhere",
    cniPath = referencePlugins,
  }: {
    readonly containerId?: string | undefined;
    readonly netns?: string | undefined;
    readonly cniPath?: string;
  } = {},
): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: cniPath,
  };
}
