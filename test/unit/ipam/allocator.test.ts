import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressValue, parseAddress } from "../../../ip/cidr.ts";
import { addressText } from "../../../ipam/address.ts";
import { allocate, freeAddress, setHas } from "../../../ipam/allocator.ts";
import type { RangeSet } from "../../../ipam/configuration/range.ts";
import { readRangeSets } from "../../../ipam/configuration/ranges.ts";
import { reservedAddresses } from "../../../ipam/mesh.ts";
import {
  type MemoryStore,
  memoryStore,
} from "../../support/ipam/memory-store.ts";

/** Range sets, written as `subnet` or `subnet first last`. */
function setsOf(...sets: readonly (readonly string[])[]): readonly RangeSet[] {
  const entries = sets.map((ranges) =>
    ranges.map((text) => {
      const [subnet, rangeStart, rangeEnd] = text.split(" ");
      return { subnet, rangeStart, rangeEnd };
    }),
  );
  return readRangeSets(entries, "/ranges");
}

function ask(
  store: MemoryStore,
  sets: readonly RangeSet[],
  containerID: string,
  ...requested: readonly string[]
): readonly string[] {
  const leases = allocate(store, {
    sets,
    requested: requested.map(parseAddress),
    owner: { containerID, ifname: "eth0" },
    reserved: reservedAddresses(sets, undefined),
  });
  return leases.map(({ address }) => address.text);
}

describe("allocate()", () => {
  it("gives the addresses of a set in order and skips the gateway", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/29"]);
    const given = ["a", "b", "c", "d", "e"].map((id) => ask(store, sets, id));
    expect(given.flat()).toEqual([
      "10.1.2.2",
      "10.1.2.3",
      "10.1.2.4",
      "10.1.2.5",
      "10.1.2.6",
    ]);
    expect(() => ask(store, sets, "f")).toThrow(
      "Cannot allocate from range set 0: no IP addresses available in range set: 10.1.2.1-10.1.2.6",
    );
  });

  it("goes on after the last address given, over the end of a range into the next", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/30", "10.1.3.0/30"]);
    expect(ask(store, sets, "a")).toEqual(["10.1.2.2"]);
    expect(ask(store, sets, "b")).toEqual(["10.1.3.2"]);
    store.release({ containerID: "b", ifname: "eth0" });
    store.release({ containerID: "a", ifname: "eth0" });
    expect(ask(store, sets, "c")).toEqual(["10.1.2.2"]);
    expect(ask(store, sets, "d")).toEqual(["10.1.3.2"]);
  });

  it("tries the address given last at the very end", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/30"]);
    ask(store, sets, "a");
    store.release({ containerID: "a", ifname: "eth0" });
    expect(ask(store, sets, "b")).toEqual(["10.1.2.2"]);
  });

  it("starts anew when the last address is in no range of the set", () => {
    const store = memoryStore();
    store.last.set(0, "10.9.9.9");
    expect(ask(store, setsOf(["10.1.2.0/29"]), "a")).toEqual(["10.1.2.2"]);
  });

  it("gives one address of each set", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24"], ["fd00::/64"]);
    expect(ask(store, sets, "a")).toEqual(["10.1.2.2", "fd00::2"]);
    expect([...store.last]).toEqual([
      [0, "10.1.2.2"],
      [1, "fd00::2"],
    ]);
  });

  it("gives requested addresses in the sets they lie in", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24"], ["fd00::/64"]);
    expect(ask(store, sets, "a", "fd00::77", "10.1.2.9")).toEqual([
      "10.1.2.9",
      "fd00::77",
    ]);
    expect(ask(store, sets, "b")).toEqual(["10.1.2.10", "fd00::78"]);
  });

  it.each([
    ["the gateway", "10.1.2.1", "requested ip 10.1.2.1 is subnet's gateway"],
    [
      "an address outside of the ranges",
      "10.7.7.7",
      "failed to allocate all requested IPs: 10.7.7.7",
    ],
    [
      "the network's own address",
      "10.1.3.0",
      "requested ip 10.1.3.0 is the network's own address",
    ],
    [
      "the broadcast address",
      "10.1.3.255",
      "requested ip 10.1.3.255 is the broadcast address",
    ],
  ])("refuses a request for %s and keeps nothing", (_, wish, message) => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24", "10.1.3.0/24 10.1.3.0 10.1.3.255"]);
    expect(() => ask(store, sets, "a", wish)).toThrow(message);
    expect(store.owners.size).toBe(0);
  });

  it("refuses a requested address that somebody has", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24"]);
    ask(store, sets, "a", "10.1.2.9");
    expect(() => ask(store, sets, "b", "10.1.2.9")).toThrow(
      "requested IP address 10.1.2.9 is not available in range set: 10.1.2.1-10.1.2.254",
    );
    expect(store.owners.get("10.1.2.9")?.containerID).toBe("a");
  });

  it("refuses a second address of a set for one attachment, and leaves the first alone", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24"]);
    ask(store, sets, "a");
    expect(() => ask(store, sets, "a")).toThrow(
      expect.objectContaining({ code: 120 }) as Error,
    );
    expect([...store.owners.keys()]).toEqual(["10.1.2.2"]);
  });

  it("frees earlier sets' addresses when a later set is exhausted", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/24"], ["fd00::/126"]);
    ["a", "b"].forEach((id) => ask(store, sets, id));
    expect(() => ask(store, sets, "c")).toThrow(
      expect.objectContaining({ code: 50 }) as Error,
    );
    expect([...store.owners.values()].map((o) => o.containerID)).toEqual([
      "a",
      "a",
      "b",
      "b",
    ]);
  });

  it("never gives a reserved address, wherever the range starts and ends", () => {
    const store = memoryStore();
    const sets = setsOf(["10.1.2.0/30 10.1.2.0 10.1.2.3"]);
    expect(ask(store, sets, "a")).toEqual(["10.1.2.2"]);
    expect(() => ask(store, sets, "b")).toThrow("no IP addresses available");
  });
});

/** Small range sets of one or two families, which random sequences fill up. */
const someSets = fc.constantFrom(
  setsOf(["10.1.2.0/29"]),
  setsOf(["10.1.2.0/28 10.1.2.5 10.1.2.9"]),
  setsOf(["10.1.2.0/30", "10.1.3.0/29", "10.1.1.0/30"]),
  setsOf(["10.1.2.0/29"], ["fd00::/125"]),
  setsOf(["fd00::/125 fd00::3", "fd00:1::/126"], ["10.1.2.0/28"]),
);

const someSteps = fc.array(
  fc.record({
    add: fc.boolean(),
    id: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
    wish: fc.option(fc.nat(15), { freq: 6 }),
  }),
  { maxLength: 60 },
);

/** What host-local's round robin gives next, the slow and obvious way. */
function expectedNext(set: RangeSet, store: MemoryStore, index: number) {
  const all = set.flatMap(({ subnet, first, last, gateway }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, i) => ({
      text: addressText(subnet.family, first + BigInt(i)),
      gateway: gateway.text,
    })),
  );
  const at = all.findIndex(({ text }) => text === store.last.get(index));
  const turned = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  return turned.find(
    ({ text, gateway }) => text !== gateway && !store.owners.has(text),
  )?.text;
}

describe("allocate(), over random sequences of ADD and DEL", () => {
  it("agrees with a plain model of the round robin, and never gives what it may not", () => {
    fc.assert(
      fc.property(someSets, someSteps, (sets, steps) => {
        const store = memoryStore();
        for (const { add, id, wish } of steps) {
          const owner = { containerID: id, ifname: "eth0" };
          if (!add) {
            store.release(owner);
            continue;
          }
          const before = new Map(store.owners);
          const wishes = wish === null ? [] : [`10.1.2.${wish}`];
          const expected = sets.map((set, i) =>
            wishes.some((text) => setHas(set, parseAddress(text)))
              ? wishes[0]
              : expectedNext(set, store, i),
          );
          const held = store.held(owner).length > 0;
          try {
            const given = ask(store, sets, id, ...wishes);
            expect(given).toEqual(expected);
            expect(given.filter((text) => before.has(text))).toEqual([]);
            const reserved = reservedAddresses(sets, undefined);
            expect(given.filter((text) => reserved.has(text))).toEqual([]);
          } catch (error) {
            if (!(error instanceof Error) || !("code" in error)) throw error;
            // A failed ADD leaves nobody else's address changed
            const others = [...before].filter(([, o]) => o.containerID !== id);
            expect([...store.owners]).toEqual(expect.arrayContaining(others));
            if (!held) expect(store.held(owner)).toEqual([]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("gives every address of a set exactly once before it is exhausted", () => {
    fc.assert(
      fc.property(someSets, fc.nat(20), (sets, start) => {
        const store = memoryStore();
        store.last.set(0, `10.1.2.${start}`);
        const given: string[] = [];
        for (let i = 0; i < 100; i++) {
          try {
            given.push(...ask(store, sets.slice(0, 1), `c${i}`));
          } catch {
            break; // exhausted
          }
        }
        const reserved = reservedAddresses(sets.slice(0, 1), undefined);
        const all = (sets[0] ?? []).flatMap((range) => {
          const texts = [];
          for (let v = range.first; v <= range.last; v++)
            texts.push(addressText(range.subnet.family, v));
          return texts;
        });
        const free = all.filter((text) => !reserved.has(text));
        expect(given.toSorted()).toEqual(free.toSorted());
      }),
    );
  });
});

describe("freeAddress()", () => {
  it("finds a free address, or none in an exhausted set", () => {
    const [set = []] = setsOf(["10.1.2.0/30"]);
    const reserved = reservedAddresses([set], undefined);
    const isTaken = (text: string) => text === "10.1.2.2";
    expect(freeAddress(set, { reserved, isTaken: () => false })).toBe(
      "10.1.2.2",
    );
    expect(freeAddress(set, { reserved, isTaken })).toBeUndefined();
  });
});

describe("setHas()", () => {
  it("tells families apart that share numbers", () => {
    const [set = []] = setsOf(["::/64"]);
    expect(addressValue(parseAddress("0.0.0.5").bytes)).toBe(5n);
    expect(setHas(set, parseAddress("::5"))).toBe(true);
    expect(setHas(set, parseAddress("0.0.0.5"))).toBe(false);
  });
});
