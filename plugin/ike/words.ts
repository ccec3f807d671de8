import { formatAddress } from "../../native/index.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import type { IkeTunnelState, WrittenState } from "./state.ts";

/** The agent writes its state at least every 10 s; charon may take as long for an answer. In seconds. */
const STALE_SECONDS = 60;

/**
 * What is wrong with tunnels by IKE: a sentence each, with what to do.
 *
 * @param state what the agent last wrote; undefined where none ever did
 */
export function ikeWarnings(
  tunnels: readonly IkeTunnel[],
  state: WrittenState | undefined,
  nowSeconds: number,
): string[] {
  if (tunnels.length === 0) return [];
  const silence = agentSilence(state, nowSeconds);
  if (state === undefined || silence !== undefined)
    return silence === undefined ? [] : [silence];
  if (state.trouble !== null) return [state.trouble];
  return [
    ...expiryWarnings(state, nowSeconds),
    ...state.tunnels.flatMap(({ lastError, ...tunnel }) =>
      lastError === null ? [] : [`${headOf(tunnel)}: ${lastError}`],
    ),
  ];
}

/** With Kubernetes certificates are renewed ten days before they end: less than this is left only where nobody renews. */
const EXPIRY_NOTICE_DAYS = 7;

const DAY_SECONDS = 86_400;

function expiryWarnings(
  { certificateUntil }: WrittenState,
  nowSeconds: number,
): string[] {
  if (certificateUntil == null) return []; // an older agent says nothing of it
  if (certificateUntil - nowSeconds > EXPIRY_NOTICE_DAYS * DAY_SECONDS)
    return [];
  const until = new Date(certificateUntil * 1000).toISOString();
  return [
    `This node's certificate holds until ${until}, and no tunnel that needs it longer than that: have it signed again (crosslink ca request, crosslink ca sign)`,
  ];
}

/**
 * A tunnel that does not come up, and whose clusters' files do not agree on its keys: so the other end, by its own copies of
 * them, may speak no IKE at all. The first one's words; undefined where there is none.
 */
export function differingTrouble(
  tunnels: readonly IkeTunnel[],
  state: WrittenState,
): { readonly failure: string; readonly remedy: string } | undefined {
  for (const { difference, remote, ...tunnel } of tunnels) {
    if (difference === undefined) continue;
    const found = state.tunnels.find(
      ({ cluster, node, endpoint }) =>
        cluster === tunnel.cluster &&
        node === tunnel.node &&
        endpoint === formatAddress(remote),
    );
    if (found?.lastError != null)
      return {
        failure: `${headOf(found)}: ${found.lastError}`,
        remedy: difference,
      };
  }
  return undefined;
}

function headOf({
  cluster,
  node,
  endpoint,
  localId,
  remoteId,
}: Omit<IkeTunnelState, "lastError">): string {
  return `IKE with ${cluster}/${node} (${endpoint}), as ${localId} to ${remoteId}`;
}

/** Why nothing is known of tunnels by IKE; undefined where the agent's word is fresh. */
export function agentSilence(
  state: WrittenState | undefined,
  nowSeconds: number,
): string | undefined {
  const remedy =
    "its tunnels by IKE come up with the agent alone: start it with `crosslink agent`, or as conf/ops shows for systemd and Kubernetes";
  if (state === undefined) return `No agent of this node speaks IKE; ${remedy}`;
  const seconds = nowSeconds - state.writtenSeconds;
  return seconds > STALE_SECONDS
    ? `The agent has said nothing of IKE for ${String(seconds)} s; ${remedy}`
    : undefined;
}

/** One line a tunnel. */
export function ikeLine(tunnel: IkeTunnelState): string {
  const { cluster, node, localId, remoteId, inUdp } = tunnel;
  const algorithms = [tunnel.ikeAlgorithms, tunnel.espAlgorithms]
    .filter((each) => each !== null)
    .join(", ESP ");
  const { upSinceSeconds, espRekeySeconds, ikeRekeySeconds } = tunnel;
  return [
    `IKE with ${cluster}/${node}: ${isAwaited(tunnel) ? "waits until it begins" : wordOf(tunnel)}, ${localId} to ${remoteId}`,
    ...(algorithms === "" ? [] : [`${algorithms}${inUdp ? ", in UDP" : ""}`]),
    ...inSeconds("keys of", upSinceSeconds, "ago"),
    ...inSeconds("heard of it", tunnel.heardSeconds, "ago"),
    ...inSeconds("next keys in", espRekeySeconds),
    ...inSeconds("IKE's own in", ikeRekeySeconds),
  ].join("; ");
}

/** One that initiates, and has not appeared: its place is all zeros. */
function isAwaited({ state, endpoint }: IkeTunnelState): boolean {
  return state === "waiting" && /^[0.:]+$/u.test(endpoint);
}

/** One that this node cannot prove itself for waits for no packet. */
function wordOf({ state, lastErrorCause }: IkeTunnelState): string {
  return state === "waiting" && lastErrorCause === "certificate"
    ? "down"
    : WORDS[state];
}

const WORDS: Readonly<Record<IkeTunnelState["state"], string>> = {
  up: "up",
  connecting: "connecting",
  waiting: "waits for the first packet",
};

function inSeconds(
  before: string,
  seconds: number | null,
  after?: string,
): string[] {
  if (seconds === null) return [];
  return [
    [before, `${String(seconds)} s`, after]
      .filter((part) => part !== undefined)
      .join(" "),
  ];
}
