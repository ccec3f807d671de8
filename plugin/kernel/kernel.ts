import type { Binding, ObservedTable } from "../../native/index.ts";

/**
 * The kernel side of one node: the addon, and the network namespace that is the node's.
 *
 * A command line and a one-shot CNI call work in the namespace they were started in; an agent, and
 * tests, may name another.
 */
export interface Kernel {
  readonly binding: Binding;
  /** An open file of the node's network namespace; the process's own where it is left out. */
  readonly netns?: number;
  /**
   * The pod's namespace, open, where whoever calls has handed it over: its path may mean nothing where an agent lives. It stays the
   * caller's to close; undefined where it is gone.
   */
  readonly podNetns?: () => number | undefined;
  /** How locks of other programs are waited for, where otherwise than by a process of one call. */
  readonly patience?: Patience;
  /** What was asked already, where this is one look's. */
  readonly known?: Known;
}

/** A resident process must not hang with others: it waits little, and leaves the work to one that may. */
interface Patience {
  readonly milliseconds: number;
  /** Called where somebody held a lock for longer. */
  readonly givenUp?: () => void;
}

/** Tells a network namespace from every other one. */
export interface NetworkId {
  /** The kernel's boot. */
  readonly boot: string;
  /** The namespace's number in that boot; empty where the kernel has none to tell (before 5.14). */
  readonly network: string;
}

/** What tells whether nf_tables' rules are those of an earlier look. */
export interface Ruleset {
  /** Every change of a rule raises it. */
  readonly generation: number;
  readonly tables: readonly ObservedTable[];
}

/** What one look asks a kernel once, however many of its parts want to know: see pictureOf(). */
interface Known {
  readonly networkId: () => NetworkId;
  readonly ruleset: () => Ruleset | undefined;
}

/** The namespace option that the clients of `native/` take. */
export function inNamespace(kernel: Kernel): { readonly netns?: number } {
  return kernel.netns === undefined ? {} : { netns: kernel.netns };
}

/** Opens a client, hands it to `use`, and closes it whatever happens. */
export function using<Client extends { close(): void }, Result>(
  client: Client,
  use: (client: Client) => Result,
): Result {
  try {
    return use(client);
  } finally {
    client.close();
  }
}
