import type { Log } from "../kernel/log.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import { connectionName } from "./charon/connection.ts";
import {
  KERNEL_REFUSES,
  type KernelRefusal,
  kernelTrouble,
} from "./charon/kernel-refusal.ts";
import type { ListedIke } from "./charon/listed.ts";
import { causeOf, readLogLine } from "./charon/log-line.ts";

/** What is wrong with tunnels, by connection. */
export interface TunnelTroubles {
  /** What charon last said was wrong. */
  readonly errors: Map<string, string>;
  /** What the kernel last said to charon. */
  readonly refusals: Map<string, KernelRefusal>;
}

/** Takes a line of charon's log: it goes into ours, and a trouble is remembered. */
export function hear(
  line: string,
  {
    tunnels,
    troubles: { errors, refusals },
  }: { tunnels: readonly IkeTunnel[]; troubles: TunnelTroubles },
  log: Log,
): void {
  const { connection = "", text, refusal, ...said } = readLogLine(line);
  const tunnel = tunnels.find((each) => connectionName(each) === connection);
  const peer = tunnel && `${tunnel.cluster}/${tunnel.node}`;
  if (tunnel !== undefined && refusal !== undefined)
    refusals.set(connection, refusal);
  const trouble =
    said.trouble === KERNEL_REFUSES
      ? kernelTrouble(refusals.get(connection))
      : said.trouble;
  if (tunnel !== undefined && trouble !== undefined)
    errors.set(connection, graver(errors.get(connection), trouble));
  log(trouble === undefined ? "info" : "warn", `charon: ${text}`, {
    peer,
    hint: trouble,
  });
}

/** What follows from another trouble, and says less: what a peer answers where this node's own kernel refuses, and that a certificate is not believed, which charon says after it has said why. */
const CONSEQUENCES: Readonly<Record<string, readonly string[]>> = {
  kernel: ["algorithms", "peer"],
  revoked: ["untrusted"],
  expired: ["untrusted"],
};

function graver(before: string | undefined, trouble: string): string {
  const cause = before === undefined ? "" : (causeOf(before) ?? "");
  const follows = CONSEQUENCES[cause]?.includes(causeOf(trouble) ?? "");
  return before !== undefined && follows === true ? before : trouble;
}

/** A tunnel that is up has no trouble, and one that is none of ours has none of ours. */
export function forgetMended(
  { errors, refusals }: TunnelTroubles,
  listed: readonly ListedIke[],
): void {
  for (const connection of connectionsUp(listed)) {
    errors.delete(connection);
    refusals.delete(connection);
  }
}

/** Which connections have SAs in the kernel. */
export function connectionsUp(listed: readonly ListedIke[]): Set<string> {
  return new Set(
    listed
      .filter(({ children }) =>
        children.some(({ state }) => state === "INSTALLED"),
      )
      .map(({ connection }) => connection),
  );
}
