import type { Binding } from "../../native/binding.ts";

/** A network's folder in the store, and what it takes to use it. */
export interface Place {
  /** `<dataDir>/<network>`. */
  readonly directory: string;
  /** The addon, which has flock(2). A function, since loading it takes time that not every call needs. */
  readonly binding: () => Binding;
}
