import {
  NetlinkError,
  type NftablesClient,
  openNftables,
} from "../../native/index.ts";
import { type Kernel, type Ruleset, using } from "./kernel.ts";

/** Undefined where the kernel has no nf_tables: nfnetlink then answers EINVAL, or there is no such socket. */
export function withNftables<Result>(
  { binding, netns }: Kernel,
  use: (client: NftablesClient) => Result,
): Result | undefined {
  try {
    return using(openNftables(binding, { netns }), use);
  } catch (error) {
    if (error instanceof NetlinkError && ABSENT.includes(error.code))
      return undefined;
    throw error;
  }
}

const ABSENT = ["EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT"];

/** Where the node's ruleset stands; undefined where the kernel has no nf_tables. */
export function rulesetOf(kernel: Kernel): Ruleset | undefined {
  return kernel.known === undefined
    ? askRuleset(kernel)
    : kernel.known.ruleset();
}

/** The same, of the kernel itself. */
export function askRuleset(kernel: Kernel): Ruleset | undefined {
  return withNftables(kernel, (client) => ({
    // First: what changes while the tables are listed is then newer than this.
    generation: client.generation(),
    tables: client.tables(),
  }));
}
