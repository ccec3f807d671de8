import type { IpPrefix, SecurityPolicy } from "../../../native/index.ts";
import type { KernelModel } from "../kernel-model.ts";

/** What a kernel's policies are to the other clusters' networks. */
interface Policies {
  /** Guarded in all three directions. */
  readonly guarded: ReadonlySet<string>;
  /** To or from which a policy lets packets pass. */
  readonly passing: ReadonlySet<string>;
}

/** Read from their selectors: b's and c's networks, which no other one holds. */
export function policiesOf(kernel: KernelModel): Policies {
  const found = known.get(kernel) ?? find(kernel);
  known.set(kernel, found);
  return found;
}

const known = new WeakMap<KernelModel, Policies>();

function find({ policies }: KernelModel): Policies {
  const ways = new Map<string, Set<string>>();
  const passing = new Set<string>();
  for (const policy of policies.values()) {
    const [far, near] = endsOf(policy);
    const cidr = `${far.address.join(".")}/${String(far.length)}`;
    if (policy.action !== "block") passing.add(cidr);
    else if (near.length === 0)
      ways.set(cidr, (ways.get(cidr) ?? new Set()).add(policy.direction));
  }
  const guarded = [...ways].filter(([, { size }]) => size === 3);
  return { guarded: new Set(guarded.map(([cidr]) => cidr)), passing };
}

function endsOf({ direction, selector }: SecurityPolicy): [IpPrefix, IpPrefix] {
  const { source, destination } = selector;
  return direction === "out" ? [destination, source] : [source, destination];
}
