import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bindEnd,
  type TunnelEnd,
} from "../../../../../plugin/mesh/ipsec/keys.ts";
import { numberSenders } from "../../../../../plugin/mesh/ipsec/sender-numbers.ts";
import {
  deriveReqid,
  deriveSpi,
  isDerivedSpi,
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

describe("deriveSpi()", () => {
  it("gives the SPI worked out apart with Python's hashlib", () => {
    const numbers = numberSenders([[sender, receiver]]);
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
    expect(numberSenders([six]).spi(...six, { keyId: 255, slot: 0 })).toBe(
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
