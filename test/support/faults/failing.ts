import type { Binding } from "../../../native/binding.ts";

/** The `nth` conversation with the kernel, from 1, that is to fail, and how: an errno, positive. */
export interface Failure {
  readonly nth: number;
  readonly errno: number;
}

/** A binding that tells the names of the functions that were called, in order. */
export interface Counted {
  readonly binding: Binding;
  readonly calls: () => readonly string[];
}

/** What only ends a conversation: no kernel lets it fail. */
const NEVER_FAILS = new Set<string>(["close", "portId"]);

/** Lets one of the addon's functions fail without having done anything, as a system call does. */
export function counting(real: Binding, failure?: Failure): Counted {
  const calls: string[] = [];
  const struck = (name: string): boolean => {
    if (NEVER_FAILS.has(name)) return false;
    calls.push(name);
    return calls.length === failure?.nth;
  };
  const wrapped = Object.entries(real).map(([name, call]) => [
    name,
    (...args: readonly unknown[]): unknown =>
      struck(name)
        ? -failure!.errno
        : (call as (...args: readonly unknown[]) => unknown)(...args),
  ]);
  return {
    binding: Object.fromEntries(wrapped) as Binding,
    calls: () => calls,
  };
}
