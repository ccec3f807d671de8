import type { Attachment } from "../../../cni/request.ts";
import type { Store } from "../../../ipam/allocator.ts";

/** A store that lives as long as a test, and shows who holds what. */
export interface MemoryStore extends Store {
  readonly owners: Map<string, Attachment>;
  readonly last: Map<number, string>;
}

export function memoryStore(): MemoryStore {
  const owners = new Map<string, Attachment>();
  const last = new Map<number, string>();
  const held = ({ containerID, ifname }: Attachment): string[] =>
    [...owners]
      .filter(
        ([, owner]) =>
          owner.containerID === containerID && owner.ifname === ifname,
      )
      .map(([address]) => address);
  return {
    owners,
    last,
    held,
    lastReserved: (set) => last.get(set),
    reserve: (address, owner, set) => {
      if (owners.has(address)) return false;
      owners.set(address, owner);
      last.set(set, address);
      return true;
    },
    release: (owner) => held(owner).filter((address) => owners.delete(address)),
  };
}
