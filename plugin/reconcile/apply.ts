import { CniError, ErrorCode } from "../../cni/error.ts";
import {
  missingAlgorithm,
  NetlinkError,
  writeSysctl,
} from "../../native/index.ts";
import type {
  AssociationOperation,
  Operation,
  PolicyOperation,
  RouteOperation,
} from "./operation.ts";
import { ROUTE_PROTOCOL } from "../owned.ts";
import { inNamespace } from "../kernel/kernel.ts";
import { describeOperation } from "./sentence.ts";
import type { Session } from "../kernel/session.ts";

/**
 * Takes the steps of a plan, in their order, and stops at the first that fails.
 *
 * What was done stays: every prefix of a plan is safe, since what blocks goes in first and out
 * last, and the next ADD or `apply` takes the steps that are left.
 *
 * @throws CniError that names the step, or the kernel's missing feature
 */
export function applyOperations(
  session: Session,
  operations: readonly Operation[],
): void {
  let index = 0;
  for (;;) {
    const first = operations[index];
    if (first === undefined) return;
    const run = sameStep(operations, first, index);
    applyRun(session, first, run);
    index += run.length;
  }
}

/** The longest run of steps from `start`, where `first` is, that can travel in one conversation. */
function sameStep(
  operations: readonly Operation[],
  first: Operation,
  start: number,
): Operation[] {
  const end = operations.findIndex(
    ({ object, verb }, index) =>
      index > start && (object !== first.object || verb !== first.verb),
  );
  return operations.slice(start, end < 0 ? operations.length : end);
}

/** All of a run have the object and the verb of its first. */
function applyRun(
  session: Session,
  first: Operation,
  run: readonly Operation[],
): void {
  switch (first.object) {
    case "policy":
      applyPolicies(
        session,
        first.verb,
        run.filter((step) => step.object === first.object),
      );
      break;
    case "association":
      applyAssociations(
        session,
        first.verb,
        run.filter((step) => step.object === first.object),
      );
      break;
    default:
      for (const step of run) applyOne(session, step);
  }
}

function applyPolicies(
  { xfrm }: Session,
  verb: PolicyOperation["verb"],
  steps: readonly PolicyOperation[],
): void {
  const policies = steps.map(({ policy }) => policy);
  const calls = {
    add: () => xfrm.addPolicies(policies),
    update: () => xfrm.updatePolicies(policies),
    delete: () => xfrm.deletePolicies(policies),
  };
  check(steps, calls[verb]());
}

function applyAssociations(
  { xfrm }: Session,
  verb: AssociationOperation["verb"],
  steps: readonly AssociationOperation[],
): void {
  const associations = steps.map(({ association }) => association);
  if (verb !== "add")
    check(steps, xfrm.deleteAssociations(associations), verb === "replace");
  if (verb !== "delete") check(steps, xfrm.addAssociations(associations));
}

function applyOne(session: Session, step: Operation): void {
  try {
    takeStep(session, step);
  } catch (error) {
    if (!isBenign(step, error)) throw failed(step, error);
  }
}

function takeStep(session: Session, step: Operation): void {
  const { route, kernel } = session;
  switch (step.object) {
    case "route":
      applyRoute(session, step);
      break;
    case "label":
      route.setAlias(step.link.index, step.text);
      break;
    case "sysctl":
      writeSysctl(kernel.binding, step.path, step.value, inNamespace(kernel));
      break;
    case "proxy": {
      const { address, link } = step;
      const proxy = { index: link.index, address, protocol: ROUTE_PROTOCOL };
      if (step.verb === "add") route.addProxyNeighbour(proxy);
      else route.deleteProxyNeighbour(proxy);
      break;
    }
    case "rule":
      route.deleteRule(step.rule);
      break;
    case "link":
      route.deleteLink(step.link.index);
      break;
    case "policy":
    case "association":
      throw new Error(`Cannot take one ${step.object} alone: they travel many`);
    default:
      throw new Error(`Cannot take an unknown step: ${objectOf(step)}`);
  }
}

/** Compiles only as long as every object has its case. */
function objectOf(step: never): string {
  return String((step as { readonly object?: unknown }).object);
}

function applyRoute({ route }: Session, step: RouteOperation): void {
  switch (step.verb) {
    case "add":
      route.addRoute(step.route);
      break;
    case "replace":
      route.replaceRoute(step.route);
      break;
    case "delete":
      route.deleteRoute(step.route);
      break;
    default:
      step.verb satisfies never;
  }
}

/** One result a step, in order. A replacement's deletion may find its SA expired in the meantime. */
function check(
  steps: readonly Operation[],
  results: readonly (NetlinkError | undefined)[],
  replacing = false,
): void {
  steps.forEach((step, index) => {
    const error = results[index];
    if (error === undefined || isBenign(step, error)) return;
    if (replacing && isGone(error)) return;
    throw failed(step, error);
  });
}

/** What is to be deleted and is gone is deleted. */
function isBenign(step: Operation, error: unknown): boolean {
  return (
    step.verb === "delete" && error instanceof NetlinkError && isGone(error)
  );
}

function isGone(error: NetlinkError): boolean {
  return ["ENOENT", "ESRCH", "ENODEV"].includes(error.code);
}

function failed(step: Operation, cause: unknown): unknown {
  if (!(cause instanceof NetlinkError)) return cause;
  const missing =
    step.object === "association" ? missingAlgorithm(cause) : undefined;
  if (missing === undefined) return cause;
  return unsupported(step, missing.name, { remedy: missing.remedy, cause });
}

function unsupported(
  step: Operation,
  name: string,
  { remedy, cause }: { remedy: string; cause: NetlinkError },
): CniError {
  return new CniError(
    ErrorCode.kernelUnsupported,
    `Cannot ${step.verb} ${describeOperation(step)}: the kernel has no ${name}`,
    { details: `${cause.message}. ${remedy}`, cause },
  );
}
