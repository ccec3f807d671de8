import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bindEnd,
  type TunnelEnd,
} from "../../../../../plugin/mesh/ipsec/keys.ts";
import {
  deriveReqid,
  deriveSpi,
  isDerivedSpi,
  numberSenders,
} from "../../../../../plugin/mesh/ipsec/spi.ts";

const sender = bindEnd({
  cluster: "cluster1",
  node: "vm-0-7",
  address: "172.17.0.2",
  elasticIP: "124.221.146.81",
});
const receiver = bindEnd({
  cluster: "cluster2",
  node: "vm-0-10",
  address: "172.17.0.7",
  elasticIP: "124.220.14.201",
});

function end(cluster: string, node: string, address: string): TunnelEnd {
  return bindEnd({ cluster, node, address });
}

// Found by search: the first choice of both is one number.
const first = end("c1", "n1318", "10.0.5.38");
const second = end("c2", "n659", "10.0.2.147");
const others = Array.from({ length: 50 }, (_, i) =>
  end("c3", `n${String(i)}`, `10.3.0.${String(i)}`),
);

describe("deriveSpi()", () => {
  it("gives the SPI worked out apart with Python's hashlib", () => {
    const numbers = numberSenders([sender, receiver]);
    expect(numbers.spi(sender, receiver, { keyId: 7, slot: 1 })).toBe(
      0xd9eee907,
    );
    expect(numbers.spi(receiver, sender, { keyId: 7, slot: 0 })).toBe(
      0x2c418c07,
    );
    const six = [
      end("cluster1", "vm-0-7", "fd00:1::2"),
      end("cluster2", "vm-0-10", "fd00:2::7"),
    ] as const;
    expect(numberSenders(six).spi(...six, { keyId: 255, slot: 0 })).toBe(
      0xa318d4ff,
    );
  });

  it("holds the key id, is neither reserved nor charon's, and differs where senders or slots do", () => {
    const number = fc.integer({ min: 0, max: 15 * 2 ** 18 - 2 });
    const slot = fc.integer({ min: 0, max: 3 });
    const keyId = fc.integer({ min: 1, max: 255 });
    fc.assert(
      fc.property(
        fc.tuple(number, slot),
        fc.tuple(number, slot),
        number,
        keyId,
        ([a, g], [b, h], turn, id) => {
          const spiA = deriveSpi(a, turn, { keyId: id, slot: g });
          const spiB = deriveSpi(b, turn, { keyId: id, slot: h });
          expect(spiA % 256).toBe(id);
          expect(spiA).toBeGreaterThanOrEqual(256);
          expect(spiA).toBeLessThan(2 ** 32);
          expect(spiA >>> 28).not.toBe(0xc);
          expect(isDerivedSpi(spiA)).toBe(true);
          expect(spiA === spiB).toBe(a === b && g === h);
        },
      ),
    );
  });
});

describe("numberSenders()", () => {
  it("gives two nodes with one first choice two numbers, and says so", () => {
    const numbers = numberSenders([second, ...others, first]);
    expect(numbers.displaced).toEqual([{ end: second, by: first }]);
    expect(numbers.of(first)).toBe(numberSenders([first]).of(first));
    expect(numbers.of(second)).not.toBe(numberSenders([second]).of(second));
  });

  it("leaves all others as they are when a node is displaced", () => {
    const before = numberSenders([...others, second]);
    const after = numberSenders([...others, second, first]);
    expect(others.map((sender) => after.of(sender))).toEqual(
      others.map((sender) => before.of(sender)),
    );
  });

  it("does not depend on the order of the files", () => {
    const numbers = numberSenders([first, second, ...others]);
    const reversed = numberSenders([first, second, ...others].reverse());
    for (const sender of [first, second, ...others])
      expect(reversed.of(sender)).toBe(numbers.of(sender));
  });

  it("gives 5,000 nodes different numbers", () => {
    const ends = Array.from({ length: 5000 }, (_, i) =>
      end(
        `c${String(i % 20)}`,
        `n${String(i)}`,
        `10.${String(i >> 8)}.${String(i & 255)}.1`,
      ),
    );
    const numbers = numberSenders(ends);
    expect(new Set(ends.map((sender) => numbers.of(sender))).size).toBe(5000);
  });

  it("refuses two nodes of one name, and an unknown sender", () => {
    expect(() => numberSenders([first, { ...first, bound: "" }])).toThrow(
      RangeError,
    );
    expect(() => numberSenders([first]).of(second)).toThrow(RangeError);
  });
});

describe("deriveReqid()", () => {
  it("gives the reqid worked out apart with Python's hashlib", () => {
    expect(deriveReqid(receiver)).toBe(0x434c49f2);
  });

  it("stays in crosslink's own range", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (cluster, node) => {
        expect(deriveReqid({ cluster, node }) >>> 16).toBe(0x434c);
      }),
    );
  });
});
