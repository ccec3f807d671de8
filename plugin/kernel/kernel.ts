import type { Binding } from "../../native/index.ts";

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
   * Opens a pod's namespace by its path; undefined where it is gone. An agent was handed the open
   * file, since the path may mean nothing where it lives.
   */
  readonly openNetns?: (path: string) => number | undefined;
  /** How locks of other programs are waited for, where otherwise than by a process of one call. */
  readonly patience?: Patience;
}

/** A resident process must not hang with others: it waits little, and leaves the work to one that may. */
interface Patience {
  readonly milliseconds: number;
  /** Called where somebody held a lock for longer. */
  readonly givenUp?: () => void;
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
