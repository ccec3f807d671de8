import type { Cidr } from "../../../ip/cidr.ts";
import type { OwnedSet } from "./table.ts";

/** Hands out the sets of our table: one for each different list of networks, whoever asks. */
export interface SetPool {
  /** Name of the set with these networks, sorted and none inside of another. `base` is its name where that is free. */
  nameOf(base: string, networks: readonly Cidr[]): string;
  /** All that were asked for. */
  sets(): OwnedSet[];
}

/** An empty pool. */
export function setPool(): SetPool {
  const sets = new Map<string, OwnedSet>();
  const counts = new Map<string, number>();
  return {
    nameOf: (base, networks) => {
      const key = `${base}: ${networks.map(({ text }) => text).join(" ")}`;
      const known = sets.get(key);
      if (known !== undefined) return known.name;
      const count = (counts.get(base) ?? 0) + 1;
      counts.set(base, count);
      const name = count === 1 ? base : `${base}${count}`;
      sets.set(key, { name, networks });
      return name;
    },
    sets: () => [...sets.values()],
  };
}
