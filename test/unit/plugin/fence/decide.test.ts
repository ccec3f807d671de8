import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../../../conf/claims.ts";
import {
  decide,
  type Memory,
  NO_MEMORY,
} from "../../../../plugin/fence/decide.ts";
import type { Machine } from "../../../../plugin/fence/own.ts";
import { cidrs } from "../../../support/mesh/mesh.ts";

const NOBODY: Machine = { names: [], networks: [] };

function claim(name: string, seen: readonly string[], encrypted = true): Claim {
  const list = cidrs(seen);
  return { name, encrypted, seen: list, pods: list, nodes: [] };
}

const names = fc.constantFrom("a", "b", "c");
const networks = fc.uniqueArray(
  fc.constantFrom("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "fd0b::/64"),
);
const claims = fc.uniqueArray(
  fc.record({ name: names, seen: networks, encrypted: fc.boolean() }),
  { selector: ({ name }) => name },
);
const looks = fc.array(fc.record({ claims, knowsOwn: fc.boolean() }), {
  maxLength: 8,
});

function texts(memory: Memory): string[] {
  return [...memory.clusters.values()].flatMap(({ cidrs: list }) =>
    list.map(({ text }) => text),
  );
}

describe("decide()", () => {
  it("takes nothing down by what is not settled, once the own cluster was known", () => {
    fc.assert(
      fc.property(looks, (sequence) => {
        let memory: Memory = decide({
          claims: [claim("b", ["10.1.0.0/16"])],
          own: "a",
          settled: true,
          memory: NO_MEMORY,
          machine: NOBODY,
        }).memory;
        for (const look of sequence) {
          const { memory: next, will } = decide({
            claims: look.claims.map(({ name, seen, encrypted }) =>
              claim(name, seen, encrypted),
            ),
            own: look.knowsOwn ? "a" : undefined,
            settled: false,
            memory,
            machine: NOBODY,
          });
          expect(texts(next)).toEqual(expect.arrayContaining(texts(memory)));
          expect(will.released).toEqual([]);
          memory = next;
        }
        expect(texts(memory)).toContain("10.1.0.0/16");
      }),
    );
  });

  it("takes an own cluster under another name for its own, by the machine's addresses, where its name is not in the files", () => {
    const memory: Memory = {
      own: "a",
      clusters: new Map([["b", { cidrs: cidrs(["10.1.0.0/16"]), sure: true }]]),
    };
    const nodes = [{ name: "node1", ips: ["172.17.1.2"] }];
    const { will } = decide({
      claims: [
        { ...claim("renamed", ["10.0.0.0/24"]), nodes },
        { ...claim("b", ["10.1.0.0/16"]), nodes },
        claim("c", ["10.2.0.0/16"]),
      ],
      own: undefined,
      settled: false,
      memory,
      machine: { names: ["node1"], networks: [] },
    });
    expect(will.wanted.map(({ text }) => text)).toEqual([
      "10.1.0.0/16",
      "10.2.0.0/16",
    ]);
  });

  it("never releases what it wants, and never fences the own cluster", () => {
    fc.assert(
      fc.property(looks, fc.boolean(), (sequence, settled) => {
        let memory: Memory = NO_MEMORY;
        for (const look of sequence) {
          const { memory: next, will } = decide({
            claims: look.claims.map(({ name, seen, encrypted }) =>
              claim(name, seen, encrypted),
            ),
            own: "a",
            settled,
            memory,
            machine: NOBODY,
          });
          const wanted = new Set(will.wanted.map(({ text }) => text));
          const released = will.released === "all" ? [] : will.released;
          expect(released.filter(({ text }) => wanted.has(text))).toEqual([]);
          expect(next.clusters.has("a")).toBe(false);
          memory = next;
        }
      }),
    );
  });

  it("keeps the CIDRs of a file that has gone, and says so", () => {
    const memory: Memory = {
      own: "a",
      clusters: new Map([["b", { cidrs: cidrs(["10.1.0.0/16"]), sure: true }]]),
    };
    const found = decide({
      claims: [claim("a", ["10.0.0.0/16"])],
      own: "a",
      settled: true,
      memory,
      machine: NOBODY,
    });
    expect(texts(found.memory)).toEqual(["10.1.0.0/16"]);
    expect(found.unlinked).toEqual(["b"]);
  });

  it("releases what a settled file no longer names, or calls plain", () => {
    const memory: Memory = {
      own: "a",
      clusters: new Map([
        ["b", { cidrs: cidrs(["10.1.0.0/16", "10.2.0.0/16"]), sure: true }],
        ["c", { cidrs: cidrs(["10.3.0.0/16"]), sure: true }],
      ]),
    };
    const { will } = decide({
      claims: [claim("b", ["10.1.0.0/16"]), claim("c", ["10.3.0.0/16"], false)],
      own: "a",
      settled: true,
      memory,
      machine: NOBODY,
    });
    expect(will.wanted.map(({ text }) => text)).toEqual(["10.1.0.0/16"]);
    expect(will.released).toMatchObject([
      { text: "10.2.0.0/16" },
      { text: "10.3.0.0/16" },
    ]);
  });

  it("keeps what a program's file no longer names, but for what another file opens, or where all of it is plain", () => {
    const memory: Memory = {
      own: "a",
      clusters: new Map([
        [
          "b",
          {
            cidrs: cidrs(["10.1.1.0/24", "10.1.2.0/24", "10.0.9.0/24"]),
            sure: true,
          },
        ],
      ]),
    };
    const settled = (b: Claim) =>
      decide({
        claims: [claim("a", ["10.0.0.0/16"]), b],
        ...{ own: "a", settled: true, memory, machine: NOBODY },
      });
    const shares = claim("b", ["10.1.1.0/24", "10.1.3.0/24"]);
    const { will, memory: next } = settled({ ...shares, onlyAdds: true });
    const kept = ["10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24"];
    expect(will.wanted.map(({ text }) => text).sort()).toEqual(kept);
    expect(texts(next).sort()).toEqual(kept);
    expect(will.released).toMatchObject([
      { text: "10.0.9.0/24" },
      { text: "10.0.0.0/16" },
    ]);
    const plain = settled({ ...shares, encrypted: false, onlyAdds: true });
    expect(plain.will.wanted).toEqual([]);
  });

  it("spares a cluster that may be this machine's own where nobody knows better", () => {
    const machine: Machine = {
      names: ["node1"],
      networks: [
        {
          cidr: cidrs(["10.0.0.1/32"])[0]!,
          isAddress: true,
          device: 2,
        },
      ],
    };
    const found = decide({
      claims: [claim("a", ["10.0.0.0/16"]), claim("b", ["10.1.0.0/16"])],
      own: undefined,
      settled: false,
      memory: NO_MEMORY,
      machine,
    });
    expect([...found.memory.clusters.keys()]).toEqual(["b"]);
    expect(found.memory.clusters.get("b")?.sure).toBe(false);
  });
});
