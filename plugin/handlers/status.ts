import { CniError, ErrorCode } from "../../cni/error.ts";
import { missingAlgorithm } from "../../native/index.ts";
import {
  type EncapsulationEnd,
  encapsulationEnds,
  receiversOf,
  endName,
  isHeld,
} from "../node/peers/encapsulation.ts";
import type { Bypass } from "../bypass/bypass.ts";
import { lookForBypasses } from "../bypass/observe.ts";
import { charonPlaces, ikeFolder } from "../ike/charon/configuration.ts";
import { AGENT_SOCKET } from "../owned.ts";
import { obstacleToStart } from "../ike/charon/daemon.ts";
import { readState, type WrittenState } from "../ike/state.ts";
import { agentSilence, differingTrouble } from "../ike/words.ts";
import { tryAssociation } from "../kernel/esp.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import type { LinkedNode } from "../node/linked.ts";
import { lookAround, orThrow } from "../node/look.ts";
import type { Place } from "../node/place.ts";
import { withSession } from "../kernel/session.ts";

/**
 * Serves STATUS: succeeds where an ADD would find what it needs. Warns of files that are passed over.
 *
 * @throws CniError 50 where the kernel cannot encrypt, nobody holds the socket that ESP in UDP needs, or no agent speaks
 *   IKE; 106 where charon is not installed, or another IKE daemon has its ports; 51 where traffic that should be
 *   encrypted can pass in clear text, or a tunnel does not come up on whose keys the files do not agree; 7 where the files
 *   are wrong; what the kernel says (105) where a privilege is missing
 */
export function reportStatus(place: Place, kernel: Kernel, log: Log): void {
  const node = withSession(kernel, (session) => {
    session.xfrm.countPolicies(); // without CAP_NET_ADMIN not even xfrm can be looked at
    const look = lookAround(session, place);
    for (const ignored of look.ignored) log("warn", ignored);
    const found = unlessLater(() => orThrow(look).node);
    refuseOpen(lookForBypasses(session, found?.mesh));
    return found;
  });
  for (const family of outerFamilies(node)) requireEsp(kernel, family);
  for (const end of encapsulationEnds(receiversOf(node?.mesh.peers ?? [])))
    requireHeld(kernel, end);
  if (node !== undefined && node.mesh.ike.length > 0)
    requireAgreement(node.mesh.ike, requireCharon());
}

/** Pods that run already are as open as a new one would be. The first names fit an event; `crosslink status` has all. */
function refuseOpen(bypasses: readonly Bypass[]): void {
  const open = bypasses.filter(({ severity }) => severity === "open");
  const [first] = open;
  if (first === undefined) return;
  const others =
    open.length === 1
      ? ""
      : `; and ${String(open.length - 1)} more, see \`crosslink status\``;
  throw new CniError(
    ErrorCode.limitedConnectivity,
    "Traffic that crosslink should encrypt can pass in clear text on this node",
    { details: `${first.sentence}${others}` },
  );
}

/**
 * What the first pod brings must not be missed before it: a runtime whose network is not ready starts no pod, and
 * calico claims a node's first block for one.
 */
function unlessLater<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CniError && error.code === ErrorCode.tryAgainLater)
      return undefined;
    throw error;
  }
}

function outerFamilies(node: LinkedNode | undefined): Set<4 | 6> {
  return new Set(
    (node?.mesh.peers ?? []).map(({ local }) => (local.length === 4 ? 4 : 6)),
  );
}

function requireEsp(kernel: Kernel, family: 4 | 6): void {
  const refusal = tryAssociation(kernel, family);
  if (refusal === undefined) return;
  const missing = missingAlgorithm(refusal);
  throw new CniError(
    ErrorCode.notAvailable,
    missing === undefined
      ? `Cannot encrypt over IPv${String(family)}: ${refusal.message}`
      : `Cannot encrypt over IPv${String(family)}: the kernel has no ${missing.name}`,
    { details: missing?.remedy ?? refusal.message, cause: refusal },
  );
}

/** A process of one call cannot hold a socket for the pods that live on after it. */
export function requireHeld(kernel: Kernel, end: EncapsulationEnd): void {
  if (isHeld(kernel, end)) return;
  throw new CniError(
    ErrorCode.notAvailable,
    `Cannot receive ESP in UDP: nobody holds ${endName(end)} on this node`,
    {
      details:
        'the agent does that: start it with `crosslink agent`, or as conf/ shows for systemd and Kubernetes. Until then nothing arrives from peers with "encap": "udp"',
    },
  );
}

/** A process of one call cannot run a daemon for the pods that live on after it. */
function requireCharon(): WrittenState {
  const { state: path } = charonPlaces(ikeFolder(AGENT_SOCKET));
  const state = readState(path);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const silence = agentSilence(state, nowSeconds);
  if (state?.trouble === null && silence === undefined) return state;
  const obstacle = obstacleToStart();
  throw obstacle === undefined
    ? new CniError(
        ErrorCode.notAvailable,
        "Cannot speak IKE: no charon serves this node",
        {
          details: `${silence ?? state?.trouble ?? "it has not said yet how it fares"}. See the agent's log: journalctl -u crosslink-agent, or kubectl logs`,
        },
      )
    : new CniError(ErrorCode.conflict, "Cannot speak IKE on this node", {
        details: obstacle,
      });
}

/** What a difference between files does not keep from coming up, `crosslink status` alone tells of. */
export function requireAgreement(
  tunnels: readonly IkeTunnel[],
  state: WrittenState,
): void {
  const trouble = differingTrouble(tunnels, state);
  if (trouble === undefined) return;
  throw new CniError(
    ErrorCode.limitedConnectivity,
    "The cluster files do not agree on a tunnel's keys, and it does not come up",
    { details: `${trouble.remedy}. ${trouble.failure}` },
  );
}
