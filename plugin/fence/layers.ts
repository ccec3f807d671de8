import type { Cidr } from "../../ip/cidr.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import { findLegacy } from "../netfilter/legacy/program.ts";
import { withNftables } from "../kernel/nftables.ts";
import { unraised } from "./policies.ts";
import { planRules } from "./rules.ts";

/** How the layers of the fence stand at one moment: whether as a whole, or a sentence where that cannot be seen, or cannot be. */
export interface Layers {
  readonly policies: boolean | string;
  readonly rules: boolean | string;
  /** Whose rules they are; undefined where this machine has neither, and the policies are alone. */
  readonly backend: RulesBackend | undefined;
}

export type RulesBackend = "nf_tables" | "iptables-legacy";

/** What is said where there can be no second layer. */
export const NO_RULES =
  "the kernel has no nf_tables, and iptables-legacy-restore is not installed: the fence is policies alone. Load nf_tables, or install iptables";

/** Looks at both layers. Throws nothing. */
export function layersOf(session: Session, wanted: readonly Cidr[]): Layers {
  const will = { wanted, released: [] };
  const { kernel, xfrm } = session;
  const backend = rulesBackend(kernel);
  return {
    policies: seen(() => unraised(wanted, xfrm.policies())),
    rules:
      backend === undefined
        ? NO_RULES
        : seen(() => planRules(kernel, will).operations.length),
    backend,
  };
}

/** Who the second layer can be. What cannot be asked is taken for nf_tables, which then says what is wrong. */
export function rulesBackend(kernel: Kernel): RulesBackend | undefined {
  try {
    const generation = withNftables(kernel, (client) => client.generation());
    if (generation !== undefined) return "nf_tables";
  } catch {
    return "nf_tables";
  }
  return findLegacy(kernel) === undefined ? undefined : "iptables-legacy";
}

function seen(missing: () => number): boolean | string {
  try {
    return missing() === 0;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
