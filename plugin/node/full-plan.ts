import { CniError, ErrorCode } from "../../cni/error.ts";
import type { NetworkConfiguration } from "../../conf/network.ts";
import type { NetfilterOperation } from "../netfilter/base/operation.ts";
import { applyOperations } from "../reconcile/apply.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { APPLY, inOrder } from "./order.ts";
import { overlayRemains } from "./overlay-remains.ts";
import { fencePolicies } from "../fence/policies.ts";
import {
  applyRules,
  planRules,
  planRulesQuickly,
  type RulesPlan,
} from "../fence/rules.ts";
import type { FenceWill } from "../fence/will.ts";
import { deviceNames } from "../reconcile/device-names.ts";
import type { KernelOperation, Operation } from "../reconcile/operation.ts";
import { describeStep } from "../reconcile/sentence.ts";
import type { Session } from "../kernel/session.ts";
import {
  applySnat,
  type DesiredSnat,
  planSnatByLooking,
  planSnatQuickly,
  type SnatPlan,
} from "../netfilter/snat.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import type { SecurityPolicy } from "../../native/index.ts";
import { desiredState } from "./desired.ts";
import { type MeshDifference, observeChanged } from "./difference.ts";
import type { ChosenKeys } from "./keys/choose.ts";
import type { CountersReader } from "./keys/counters.ts";
import { lookAtKeys, noteKeys } from "./keys/look.ts";
import type { LinkedNode } from "./linked.ts";
import type { Look } from "./look.ts";
import type { Place } from "./place.ts";
import { observeState } from "./observe.ts";
import { type NodePlan, planNode } from "./plan.ts";
import { FORWARDING, routingFacts } from "./routing-facts.ts";
import { narrowest, tunnelMtus } from "./tunnel-mtu.ts";
import type { ObservedState } from "./state.ts";

/** All steps that a node lacks: xfrm, routes and sysctls, the SNAT exemption between them, and the fence's rules. */
export interface FullPlan {
  readonly node: NodePlan;
  /** What is noted before an SA is made. */
  readonly keys: ChosenKeys;
  readonly fence: RulesPlan;
  readonly snat: SnatPlan;
}

/** What the plan of a node is made from, besides its kernel. */
export interface Wanted {
  readonly node: LinkedNode | undefined;
  readonly fence: FenceWill;
  readonly snat: NetworkConfiguration["snat"];
  /** Reqids of SAs that charon makes and deletes, although the files say otherwise by now. */
  readonly charonReqids?: ReadonlySet<number>;
  /** Who has read the note of SAs before. */
  readonly counters?: CountersReader | undefined;
}

/** Nothing: what is wanted of a node that is to be left as if crosslink had never been there. */
export const NOTHING_WANTED: Wanted = {
  node: undefined,
  fence: { wanted: [], released: "all" },
  snat: "off",
};

/** What a look wants, where it found no trouble. */
export function wantedBy(
  { node, decision }: Look,
  { config, charonReqids, reader }: Place,
): Wanted {
  const wanted = {
    node,
    fence: decision.will,
    snat: config.snat,
    counters: reader?.counters,
  };
  return charonReqids === undefined
    ? wanted
    : { ...wanted, charonReqids: charonReqids() };
}

/** How rules are planned: by looking, or by an earlier look where that is good still. And what an earlier version left. */
interface Planners {
  readonly remains: (session: Session) => KernelOperation[];
  readonly snat: (kernel: Kernel, desired: DesiredSnat) => SnatPlan;
  readonly fence: (kernel: Kernel, will: FenceWill) => RulesPlan;
}

const LOOKING: Planners = {
  remains: overlayRemains,
  snat: planSnatByLooking,
  fence: planRules,
};
/** For a node that is most likely right: one that an earlier version set up is not, and is looked at. */
export const QUICKLY: Planners = {
  remains: () => [],
  snat: planSnatQuickly,
  fence: planRulesQuickly,
};

/**
 * Observes the node and compares; changes nothing.
 *
 * @param difference all that can differ in xfrm, where the rest of it, and the fence, is known to be right
 */
export function planFully(
  session: Session,
  wanted: Wanted,
  planners: Planners = LOOKING,
  difference?: MeshDifference,
): FullPlan {
  const exemptions = wanted.node?.mesh.exemptions ?? [];
  return {
    ...planKernel(session, wanted, {
      remains: planners.remains,
      difference,
    }),
    fence: planners.fence(session.kernel, wanted.fence),
    snat: planners.snat(session.kernel, {
      exemptions,
      mode: wanted.snat,
      ...tunnelSize(session, wanted.node),
    }),
  };
}

function planKernel(
  session: Session,
  { node, fence, charonReqids, counters }: Wanted,
  {
    remains,
    difference,
  }: Pick<Planners, "remains"> & {
    readonly difference: MeshDifference | undefined;
  },
): Pick<FullPlan, "node" | "keys"> {
  const look = (): ObservedState =>
    observeState(
      session,
      FORWARDING,
      difference && observeChanged(session, difference),
    );
  const { observed, keys } = lookAtKeys(session, look, {
    ...(node && keysOf(node.mesh)),
    counters,
    ...(difference && { series: difference.series.fresh, wasLinked: true }),
  });
  const desired = desiredState(node, {
    ...routingFacts(session, node, observed),
    ...(charonReqids && { charonReqids }),
  });
  const policies =
    difference?.policies.fresh ??
    policiesOf(fencePolicies(fence, observed.policies), node?.mesh);
  const { associations } = keys;
  const plan = planNode({ ...desired, associations, policies }, observed);
  const retire = [...plan.retire, ...remains(session)];
  return { node: { ...plan, retire }, keys };
}

/** Made for who goes through them. */
function policiesOf(
  fence: Iterable<SecurityPolicy>,
  mesh: DesiredMesh | undefined,
): Iterable<SecurityPolicy> {
  return {
    *[Symbol.iterator]() {
      yield* fence;
      yield* mesh?.blocking ?? [];
      for (const { policies } of mesh?.protecting ?? []) yield* policies;
    },
  };
}

function keysOf({
  series,
  secrets,
}: DesiredMesh): Pick<DesiredMesh, "series" | "secrets"> {
  return { series, secrets };
}

function tunnelSize(
  { route }: Session,
  node: LinkedNode | undefined,
): { readonly innerMtu?: number } {
  const innerMtu = node && narrowest(tunnelMtus(node.mesh, route));
  return innerMtu === undefined ? {} : { innerMtu };
}

/** Whether nothing is left to do, nor in the way. */
export function isEmpty(plan: FullPlan): boolean {
  const [first] = stepsOf(plan);
  return first === undefined && obstaclesOf(plan).length === 0;
}

/** What no step can mend, a sentence each. */
export function obstaclesOf({ node, keys }: FullPlan): string[] {
  return [...node.conflicts, ...keys.refusals];
}

/** All steps, in the order in which they are taken. */
export function* stepsOf({
  node,
  snat,
  fence,
}: FullPlan): Generator<Operation> {
  const steps: Record<(typeof APPLY)[number], Iterable<Operation>> = {
    "note keys": [],
    protect: node.protect,
    "exempt from SNAT": snat.operations,
    retire: node.retire,
    "release the fence": fence.operations,
  };
  for (const step of APPLY) yield* steps[step];
}

/** Takes all steps in the order that keeps clear text off the wire. */
export function applyFully(
  session: Session,
  {
    plan,
    fence,
    counters,
  }: { readonly plan: FullPlan } & Pick<Wanted, "fence" | "counters">,
  log: Log,
): void {
  const { node, keys, snat } = plan;
  const rules: NetfilterOperation[] = [];
  inOrder(APPLY, {
    "note keys": () => {
      noteKeys(session, keys, counters);
    },
    protect: () => {
      applyOperations(session, node.protect);
    },
    "exempt from SNAT": () => {
      applySnat(session.kernel, snat);
    },
    retire: () => {
      applyOperations(session, node.retire);
    },
    "release the fence": () => {
      if (plan.fence.operations.length > 0)
        rules.push(...applyRules(session.kernel, fence));
    },
  });
  const names = deviceNames(session.route);
  const taken = { ...plan, fence: { operations: rules } };
  for (const step of stepsOf(taken)) log("info", describeStep(step, names));
}

/** Throws CniError 106 where somebody else holds what this node needs. */
export function refuseConflicts({ node }: FullPlan): void {
  if (node.conflicts.length === 0) return;
  throw new CniError(
    ErrorCode.conflict,
    "Cannot set up this node: other programs hold what crosslink needs",
    {
      details: `${node.conflicts.join("; ")}. Stop the program that holds it, or remove it; then \`crosslink apply\``,
    },
  );
}

/** Throws CniError 7 where a secret was changed under its id; its SAs have gone by then. */
export function refuseSecrets({ keys: { refusals } }: FullPlan): void {
  if (refusals.length === 0) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    "Cannot encrypt: a secret was changed under its id",
    { details: `${refusals.join("; ")}. Then run \`crosslink apply\`` },
  );
}
