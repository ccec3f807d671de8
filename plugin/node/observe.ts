import {
  AF_INET,
  AF_INET6,
  readSysctl,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import { inNamespace } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import type { ObservedState } from "./state.ts";

/**
 * Reads from the kernel all that the plan compares: everything, not just what is ours.
 *
 * @param ipsec what was read of xfrm already
 */
export function observeState(
  session: Session,
  sysctls: Iterable<string>,
  ipsec?: Pick<ObservedState, "associations" | "policies">,
): ObservedState {
  return {
    associations: ipsec?.associations ?? session.xfrm.associations(),
    policies: ipsec?.policies ?? session.xfrm.policies(),
    routes: [AF_INET, AF_INET6].flatMap((family) =>
      session.route.routes({ family, table: RT_TABLE_MAIN }),
    ),
    sysctls: readSysctls(session, sysctls),
  };
}

/** The values of the sysctls named; those that the kernel does not have are left out. */
export function readSysctls(
  session: Session,
  paths: Iterable<string>,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const path of paths) {
    const value = readSysctl(
      session.kernel.binding,
      path,
      inNamespace(session.kernel),
    );
    if (value !== undefined) values.set(path, value);
  }
  return values;
}
