import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../../../../../conf/secret.ts";
import {
  type ChosenKeys,
  chooseKeys,
} from "../../../../../plugin/node/keys/choose.ts";
import type { KeyNote } from "../../../../../plugin/node/keys/note.ts";
import {
  type KeyedNode,
  keyedNode,
} from "../../../../support/mesh/keyed-node.ts";
import {
  cluster,
  keyring,
  meshAt,
  node,
} from "../../../../support/mesh/mesh.ts";

const clusters = ["a", "b"].map((name, i) =>
  cluster(name, {
    nodes: [
      node(`${name}1`, `192.168.${String(i)}.1`, {
        podCIDRs: [`10.${String(i)}.0.0/24`],
      }),
    ],
  }),
);

/** Half of an SA's numbers. */
const HALF = 2n ** 31n;

/** Two nodes, what they sent in each boot, and their clock. */
interface Pair {
  readonly ends: readonly [KeyedNode, KeyedNode];
  /** Sends one packet from an end, and says whether it came through. */
  readonly send: (from: 0 | 1) => boolean;
  /** Sends many that nobody looks at. */
  readonly pour: (from: 0 | 1, packets: bigint) => void;
  readonly pass: (seconds: number) => void;
  readonly look: (end: 0 | 1) => number;
  /** What was sent under one key with one number twice in a boot. */
  readonly repeated: () => readonly string[];
  /** How many keys an end has sent with. */
  readonly keys: (end: 0 | 1) => number;
  readonly reboot: (end: 0 | 1) => void;
}

function pair(): Pair {
  const ends = [
    keyedNode(clusters, "a/a1"),
    keyedNode(clusters, "b/b1"),
  ] as const;
  let seconds = 0;
  const octets = [0, 0];
  const newest = [
    new Map<string, bigint>(),
    new Map<string, bigint>(),
  ] as const;
  const repeated: string[] = [];
  const seal = (from: 0 | 1) => {
    const packet = ends[from].seal();
    if (packet === undefined) return undefined;
    const { key, sequence } = packet;
    if (sequence <= (newest[from].get(key) ?? 0n))
      repeated.push(`${key} ${String(sequence)}`);
    newest[from].set(key, sequence);
    octets[from] = (octets[from] ?? 0) + 100;
    return packet;
  };
  return {
    ends,
    pass: (more) => {
      seconds += more;
    },
    look: (end) =>
      ends[end].look({
        milliseconds: seconds * 1000,
        octets: octets[end] ?? 0,
      }),
    send: (from) => {
      const packet = seal(from);
      return packet !== undefined && ends[1 - from]!.open(packet);
    },
    pour: (from, packets) => {
      const sent = ends[from].count(packets);
      octets[from] = (octets[from] ?? 0) + Number(sent) * 100;
      seconds += Math.ceil(Number(sent) / 10_000_000);
      seal(from);
    },
    repeated: () => repeated,
    keys: (end) => newest[end].size,
    reboot: (end) => {
      ends[end].reboot();
      newest[end].clear();
      octets[end] = 0;
    },
  };
}

function linked(): Pair {
  const both = pair();
  both.look(0);
  both.look(1);
  return both;
}

/** A sweep of both ends' agents. */
function sweep(both: Pair): void {
  both.pass(30);
  both.look(0);
  both.look(1);
}

const bothWays = (both: Pair) => [both.send(0), both.send(1)];

describe("keys at the two ends of a tunnel", () => {
  const end = fc.constantFrom(0 as const, 1 as const);
  const events = fc.record({
    what: fc.constantFrom("send", "pour", "look", "flush", "lose", "reboot"),
    end,
    seconds: fc.integer({ min: 0, max: 4000 }),
    packets: fc.bigInt({ min: 0n, max: 2n ** 32n }),
  });

  it("never use a number of a key twice in a boot, whatever happens in which order", () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (all) => {
        const both = linked();
        for (const { what, end, seconds, packets } of all) {
          both.pass(seconds);
          if (what === "send") both.send(end);
          else if (what === "pour") both.pour(end, packets);
          else if (what === "look") both.look(end);
          else if (what === "flush") both.ends[end].flush();
          else if (what === "lose") both.ends[end].loseNote();
          else both.reboot(end);
          both.send(end);
        }
        expect(both.repeated()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("let every packet through where agents sweep and SAs are flushed, poured through and rebooted", () => {
    const harmless = events.filter(({ what }) => what !== "lose");
    fc.assert(
      fc.property(fc.array(harmless, { maxLength: 60 }), (all) => {
        const both = linked();
        for (const { what, end, packets } of all) {
          if (what === "pour") both.pour(end, packets % HALF);
          else if (what === "flush") both.ends[end].flush();
          else if (what === "reboot") both.reboot(end);
          both.look(end);
          expect(bothWays(both)).toEqual([true, true]);
          sweep(both);
          expect(bothWays(both)).toEqual([true, true]);
        }
        expect(both.repeated()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("go on for ever, a key after the other", () => {
    const both = linked();
    for (let round = 0; round < 40; round++) {
      both.pour(0, HALF);
      expect(bothWays(both)).toEqual([true, true]);
      sweep(both);
      expect(bothWays(both)).toEqual([true, true]);
      sweep(both);
    }
    expect([both.keys(0), both.keys(1)]).toEqual([41, 1]);
    expect(both.repeated()).toEqual([]);
    // One out; the first, and three around the one that is heard, in.
    expect([both.look(0), both.look(1)]).toEqual([3, 5]);
  });

  it("bear any number of flushes without an agent at the other end", () => {
    const both = linked();
    for (let round = 0; round < 1000; round++) {
      both.pass(3600);
      both.ends[0].flush();
      both.look(0);
      expect(bothWays(both)).toEqual([true, true]);
    }
    expect(both.repeated()).toEqual([]);
    expect(both.keys(0)).toBe(1);
  });

  it("hear a node that was rebooted, however far it had come, and one whose peer was", () => {
    const both = linked();
    for (let round = 0; round < 9; round++) {
      both.pour(0, HALF);
      sweep(both);
      both.send(0);
      sweep(both);
    }
    for (const end of [0, 1] as const) {
      both.reboot(end);
      both.look(end);
      expect(bothWays(both)).toEqual([true, true]);
    }
  });

  it("let every packet through while keys rotate, and back again", () => {
    const both = linked();
    for (const [active, ids] of [
      [1, [1, 2]],
      [2, [1, 2]],
      [1, [1, 2]],
      [2, [1, 2]],
      [2, [2]],
      [2, [2, 1]],
      [1, [2, 1]],
    ] as const)
      for (const end of [0, 1] as const) {
        both.ends[end].use(active, ids);
        both.pass(5);
        both.look(end);
        expect(bothWays(both)).toEqual([true, true]);
        sweep(both);
        both.pour(end, HALF);
        sweep(both);
        expect(bothWays(both)).toEqual([true, true]);
      }
    expect(both.repeated()).toEqual([]);
  });
});

describe("chooseKeys()", () => {
  const before = { milliseconds: 5 };
  const note = {
    isKnown: true,
    milliseconds: 1,
    sent: new Map(),
    moved: new Map(),
  };
  const choose = (secrets: ReadonlyMap<number, string>, byte = 1): ChosenKeys =>
    chooseKeys(
      meshAt(clusters, "a/a1", {
        keyring: {
          kind: "keys",
          active: 1,
          keys: [
            { id: 1, secret: new Secret(new Uint8Array(32).fill(byte)) },
            { id: 2, secret: new Secret(new Uint8Array(32).fill(9)) },
          ],
        },
      }),
      {
        note: { ...note, secrets },
        associations: [],
        wasLinked: true,
        before,
        after: before,
      },
    );

  it("wants no SA of a key whose secret has changed under its id, and says so until it is back", () => {
    const { secrets, associations, refusals } = choose(new Map());
    expect(refusals).toEqual([]);
    expect([...associations]).toHaveLength(5);
    const changed = choose(secrets, 2);
    expect(changed.refusals).toEqual([
      expect.stringContaining("another secret under key id 1"),
    ]);
    const spis = Array.from(changed.associations, ({ spi }) => spi % 256);
    expect(spis).toEqual([2, 2]);
    expect(choose(changed.secrets, 2).refusals).toHaveLength(1);
    expect(choose(changed.secrets, 1).refusals).toEqual([]);
  });

  it("gives an id free once the keyring is without it", () => {
    const { secrets } = choose(new Map());
    const without = meshAt(clusters, "a/a1", { keyring: keyring(9) }).secrets;
    expect([...without.keys()]).toEqual([9]);
    const later = chooseKeys(
      { series: [], secrets: without },
      {
        note: { ...note, secrets },
        associations: [],
        wasLinked: false,
        before,
        after: before,
      },
    ).secrets;
    expect(choose(later, 2).refusals).toEqual([]);
  });

  it("tells when what it chose was noted longest ago, since some may have been noted without the others", () => {
    const three = ["b1", "b2", "b3"].map((name, i) =>
      node(name, `192.168.1.${String(i)}`, {
        podCIDRs: [`10.1.${String(i)}.0/24`],
      }),
    );
    const mesh = meshAt([clusters[0]!, cluster("b", { nodes: three })], "a/a1");
    const noted = (times: readonly number[]): KeyNote["sent"] =>
      new Map(
        times.map((milliseconds, i) => [
          mesh.series[i]!.outbound.name(),
          { generation: 0, sequence: 0, at: { milliseconds } },
        ]),
      );
    const oldest = (times: readonly number[]): number | undefined => {
      const facts = {
        associations: [],
        wasLinked: true,
        before,
        after: before,
      };
      const known = { ...note, sent: noted(times), secrets: new Map() };
      return chooseKeys(mesh, { ...facts, note: known }).oldestAt;
    };
    expect(oldest([4, 2, 3])).toBe(2);
    expect(oldest([4, 2])).toBeUndefined();
  });

  it("names no secret by its bytes", () => {
    for (const name of choose(new Map()).secrets.values())
      expect(name).toMatch(/^(?!0101|0909)[0-9a-f]{16}$/u);
  });
});
