import { writeSysctl } from "../../../native/index.ts";
import { inNamespace } from "../../kernel/kernel.ts";
import { type Handling, oneByOne } from "../handling.ts";
import { type Mended, type Steps, stepsBetween } from "../steps.ts";

export interface SysctlOperation {
  readonly object: "sysctl";
  readonly verb: "set";
  /** Below /proc/sys. */
  readonly path: string;
  readonly value: string;
}

type Setting = readonly [path: string, value: string];

/** Nobody's: whatever differs is set, and nothing is ever set back. */
const SYSCTLS: Mended<Setting, Setting, SysctlOperation> = {
  identity: ([path]) => path,
  owns: () => false,
  equals: ([, wanted], [, found]) => wanted === found,
  foreign: "take",
  add: set,
  change: set,
  remove: set,
};

/** By path below /proc/sys. */
export function sysctlSteps(
  desired: ReadonlyMap<string, string>,
  observed: ReadonlyMap<string, string>,
): Steps<SysctlOperation> {
  return stepsBetween(desired, [...observed], SYSCTLS);
}

export const sysctl: Handling<SysctlOperation> = {
  words: ({ path, value }) => `sysctl ${path.replaceAll("/", ".")}=${value}`,
  take: oneByOne(({ kernel }, { path, value }) => {
    writeSysctl(kernel.binding, path, value, inNamespace(kernel));
  }),
};

function set([path, value]: Setting): SysctlOperation {
  return { object: "sysctl", verb: "set", path, value };
}
