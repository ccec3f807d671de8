import { CniError, ErrorCode } from "../../cni/error.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import { formatAddress } from "../../native/address.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { withNodeLock } from "../kernel/lock.ts";
import { type Log } from "../kernel/log.ts";
import { deviceNames } from "../reconcile/device-names.ts";
import { describeStep } from "../reconcile/sentence.ts";
import type { Session } from "../kernel/session.ts";
import {
  applySnat,
  type DesiredSnat,
  planSnatByLooking,
  planSnatQuickly,
  type SnatPlan,
} from "../netfilter/snat.ts";
import { desiredState, type RoutingFacts } from "./desired.ts";
import { type Host, type LinkedNode, readLinkedNode } from "./linked.ts";
import { observeState, readSysctls } from "./observe.ts";
import { type NextHop, nextHopTo } from "./next-hop.ts";
import { overlayRemains } from "./overlay-remains.ts";
import { type NodePlan, planNode } from "./plan.ts";
import { troublesOf } from "./troubles.ts";
import { narrowest, tunnelMtus } from "./tunnel-mtu.ts";
import type { ObservedState } from "./state.ts";

/** All steps that a node lacks: xfrm, routes and sysctls, and the SNAT exemption between them. */
export interface FullPlan {
  readonly node: NodePlan;
  readonly snat: SnatPlan;
}

/** What the plan of a node is made from, besides its kernel. */
export interface Wanted {
  readonly node: LinkedNode | undefined;
  readonly snat: NetworkConfiguration["snat"];
}

/** How the SNAT exemption is planned: by looking, or by an earlier look where that is good still. */
type PlanSnat = (kernel: Kernel, desired: DesiredSnat) => SnatPlan;

/** Observes the node and compares; changes nothing. */
export function planFully(
  session: Session,
  wanted: Wanted,
  planSnat: PlanSnat = planSnatByLooking,
): FullPlan {
  const exemptions = wanted.node?.mesh.exemptions ?? [];
  return {
    node: planKernel(session, wanted.node),
    snat: planSnat(session.kernel, {
      exemptions,
      mode: wanted.snat,
      ...tunnelSize(session, wanted.node),
    }),
  };
}

function planKernel(session: Session, node: LinkedNode | undefined): NodePlan {
  const observed = observeState(session, FORWARDING);
  const desired = desiredState(node, routingFacts(session, observed));
  const plan = planNode(desired, observed);
  return { ...plan, retire: [...plan.retire, ...overlayRemains(session)] };
}

function tunnelSize(
  { route }: Session,
  node: LinkedNode | undefined,
): { readonly innerMtu?: number } {
  const innerMtu = node && narrowest(tunnelMtus(node.mesh, route));
  return innerMtu === undefined ? {} : { innerMtu };
}

/** Whether nothing is left to do, nor in the way. */
export function isEmpty({ node, snat }: FullPlan): boolean {
  return (
    node.protect.length +
      node.retire.length +
      node.conflicts.length +
      snat.operations.length ===
    0
  );
}

/**
 * Brings the node to what it should be. A node that is right already is only looked at; others are
 * changed under the node's lock, by a plan made under it.
 *
 * @returns the plan that was carried out; undefined where the node was right
 * @throws CniError 101 where another program holds an object that we need; what apply throws
 */
export function converge(
  session: Session,
  wanted: Wanted,
  log: Log,
): FullPlan | undefined {
  if (isEmpty(planFully(session, wanted, planSnatQuickly))) return undefined;
  return withNodeLock(session.kernel, () => {
    const plan = planFully(session, wanted);
    refuseConflicts(plan);
    applyFully(session, plan, log);
    return plan;
  });
}

/** Brings the node to what its files say, and returns what that is. */
export type EnsureNode = (
  session: Session,
  config: NetworkConfiguration,
  log: Log,
) => LinkedNode | undefined;

/** Who looks on while a node is refreshed. */
export interface Onlooker {
  /** Is told what the node should be; undefined where it is linked to nothing. */
  readonly know: (node: LinkedNode | undefined) => void;
  /** Is told of every plan that was carried out. */
  readonly repaired: (plan: FullPlan) => void;
}

/** Reads the files, looks at the kernel, and converges: what a process of one call has to do. */
export function refreshNode(host: Host, onlooker?: Onlooker): EnsureNode {
  let told = new Set<string>();
  return (session, config, log) => {
    const node = readLinkedNode(config, host, session.route);
    onlooker?.know(node);
    const plan = converge(session, { node, snat: config.snat }, log);
    if (plan !== undefined) onlooker?.repaired(plan);
    const troubles = troublesOf(session, node);
    for (const trouble of troubles)
      if (!told.has(trouble)) log("warn", trouble);
    told = new Set(troubles);
    return node;
  };
}

/** Takes all steps in the order that keeps clear text off the wire. */
export function applyFully(
  session: Session,
  { node, snat }: FullPlan,
  log: Log,
): void {
  applyOperations(session, node.protect);
  applySnat(session.kernel, snat);
  applyOperations(session, node.retire);
  const names = deviceNames(session.route);
  for (const step of [...node.protect, ...node.retire])
    log("info", describeStep(step, names));
  for (const { sentence } of snat.operations) log("info", sentence);
}

function refuseConflicts({ node }: FullPlan): void {
  if (node.conflicts.length === 0) return;
  throw new CniError(
    ErrorCode.conflict,
    "Cannot set up this node: other programs hold what crosslink needs",
    {
      details: node.conflicts.join("; "),
    },
  );
}

const FORWARDING = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"];

function routingFacts(
  session: Session,
  { routes, sysctls }: ObservedState,
): RoutingFacts {
  const { route } = session;
  return {
    routes,
    advertised: () =>
      sysctls.get("net/ipv6/conf/all/forwarding") === "1"
        ? []
        : advertisedDevices(session),
    nextHop: rememberedHops((address) => nextHopTo(route, address)),
  };
}

/** Thousands of CIDRs may lie behind one router. */
function rememberedHops(
  look: RoutingFacts["nextHop"],
): RoutingFacts["nextHop"] {
  const known = new Map<string, NextHop | undefined>();
  return (address) => {
    const key = formatAddress(address);
    if (!known.has(key)) known.set(key, look(address));
    return known.get(key);
  };
}

/** Devices whose accept_ra is 1: advertisements count as long as the device does not forward. */
function advertisedDevices(session: Session): string[] {
  const paths = session.route
    .links()
    .filter(({ name }) => name !== "lo")
    .map(({ name }) => `net/ipv6/conf/${name}/accept_ra`);
  return [...readSysctls(session, paths)]
    .filter(([, value]) => value === "1")
    .map(([path]) => path);
}
