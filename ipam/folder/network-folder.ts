import type { Binding } from "../../native/index.ts";

/** A network's folder in the store, and what it takes to use it. */
export interface NetworkFolder {
  /** `<dataDir>/<network>`. */
  readonly directory: string;
  /** The addon, which has flock(2). A function, since loading it takes time that not every call needs. */
  readonly binding: () => Binding;
  /** How long the folder's lock is waited for, in milliseconds, and what is called where somebody holds it for longer. */
  readonly patience?: () =>
    | { readonly milliseconds: number; readonly givenUp?: () => void }
    | undefined;
  /** For what may be lost with a reboot; the default is beside the agent's socket. */
  readonly runDirectory?: string;
  /** For notes that outlive a reboot; the default is beside what the fence remembers. */
  readonly stateDirectory?: string;
}
