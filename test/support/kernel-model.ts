import type { Route } from "../../native/route/route.ts";
import type { SecurityAssociation } from "../../native/xfrm/sa.ts";
import type { SecurityPolicy } from "../../native/xfrm/sp.ts";
import {
  associationIdentity,
  policyIdentity,
  routeIdentity,
} from "../../plugin/reconcile/identity.ts";
import type { NodePlan } from "../../plugin/node/plan.ts";
import type { ObservedState } from "../../plugin/node/state.ts";
import type { Operation } from "../../plugin/reconcile/operation.ts";

/** A kernel in memory: what a plan's steps leave behind, for tests of plans. */
export interface KernelModel {
  readonly policies: Map<string, SecurityPolicy>;
  readonly associations: Map<string, SecurityAssociation>;
  readonly routes: Map<string, Route>;
  readonly sysctls: Map<string, string>;
}

/** A kernel that holds nothing. */
export function emptyModel(): KernelModel {
  return {
    policies: new Map(),
    associations: new Map(),
    routes: new Map(),
    sysctls: new Map(),
  };
}

/** Takes the first `limit` steps of a plan; refuses what the real kernel would refuse. */
export function applyToModel(
  model: KernelModel,
  plan: NodePlan,
  limit = Infinity,
  afterEach: () => void = () => undefined,
): void {
  for (const step of [...plan.protect, ...plan.retire].slice(0, limit)) {
    applyStep(model, step);
    afterEach();
  }
}

/** What a dump of the model would show. */
export function observe(model: KernelModel): ObservedState {
  const current = {
    bytes: 0n,
    packets: 0n,
    addTimeSeconds: 0n,
    useTimeSeconds: 0n,
  };
  return {
    policies: [...model.policies.values()].map((policy) => ({
      ...policy,
      index: 1,
      current,
      foreign: [],
    })),
    associations: [...model.associations.values()].map((association) => ({
      ...association,
      protocol: 50,
      current,
      statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
      sequence: { output: 0n, input: 0n },
      foreign: [],
    })),
    routes: [...model.routes.values()],
    sysctls: model.sysctls,
  };
}

/** Takes one step; throws what the real kernel would refuse. */
export function applyStep(model: KernelModel, step: Operation): void {
  switch (step.object) {
    case "policy":
      change(
        model.policies,
        policyIdentity(step.policy),
        step.verb,
        step.policy,
      );
      break;
    case "association":
      change(
        model.associations,
        associationIdentity(step.association),
        step.verb,
        step.association,
      );
      break;
    case "route":
      change(model.routes, routeIdentity(step.route), step.verb, step.route);
      break;
    case "sysctl":
      model.sysctls.set(step.path, step.value);
      break;
    default:
      throw new Error(`this model knows nothing of a ${step.object}`);
  }
}

function change<Item>(
  items: Map<string, Item>,
  identity: string,
  verb: Operation["verb"],
  item: Item,
): void {
  if (verb === "add" && items.has(identity))
    throw new Error(`EEXIST: ${identity}`);
  if (verb === "delete" && !items.has(identity))
    throw new Error(`ENOENT: ${identity}`);
  if (verb === "delete") items.delete(identity);
  else items.set(identity, item);
}
