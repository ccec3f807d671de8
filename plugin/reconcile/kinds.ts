import type { Handling } from "./handling.ts";
import { association } from "./kinds/association.ts";
import { label } from "./kinds/label.ts";
import { link } from "./kinds/link.ts";
import { policy } from "./kinds/policy.ts";
import { proxy } from "./kinds/proxy.ts";
import { route } from "./kinds/route.ts";
import { rule } from "./kinds/rule.ts";
import { sysctl } from "./kinds/sysctl.ts";
import type { KernelOperation } from "./operation.ts";

type Table = {
  readonly [Object in KernelOperation["object"]]: Handling<
    Extract<KernelOperation, { object: Object }>
  >;
};

/** Every kind of kernel object that crosslink changes by itself; the ruleset's are netfilter's. */
const KINDS: Table = {
  policy,
  association,
  route,
  sysctl,
  proxy,
  label,
  rule,
  link,
};

/**
 * How a step's kind is said and taken.
 *
 * @throws Error for a step of a kind that is not in the table
 */
export function handlingOf(step: KernelOperation): Handling<KernelOperation> {
  const { object } = step;
  if (!(object in KINDS))
    throw new Error(`Cannot take an unknown step: ${object as string}`);
  // Each line of the table takes its own steps, which is what `object` says.
  return KINDS[object] as unknown as Handling<KernelOperation>;
}
