import { describe, expect, it } from "vitest";
import {
  bindEnd,
  type TunnelEnd,
} from "../../../../../plugin/mesh/ipsec/keys.ts";
import {
  numberSenders,
  senderNumberer,
} from "../../../../../plugin/mesh/ipsec/sender-numbers.ts";

function end(cluster: string, node: string, address: string): TunnelEnd {
  return bindEnd({ cluster, node, address });
}

// Found by search: the first choice of both is one number.
const first = end("c1", "n1318", "10.0.5.38");
const second = end("c2", "n659", "10.0.2.147");
const others = Array.from({ length: 50 }, (_, i) =>
  end("c3", `n${String(i)}`, `10.3.0.${String(i)}`),
);

describe("numberSenders()", () => {
  it("gives two nodes with one first choice two numbers, and says so", () => {
    const numbers = numberSenders([[second, ...others, first]]);
    expect(numbers.displaced).toEqual([{ end: second, by: first }]);
    expect(numbers.of(first)).toBe(numberSenders([[first]]).of(first));
    expect(numbers.of(second)).not.toBe(numberSenders([[second]]).of(second));
  });

  it("leaves all others as they are when a node is displaced", () => {
    const before = numberSenders([[...others, second]]);
    const after = numberSenders([[...others, second, first]]);
    expect(others.map((sender) => after.of(sender))).toEqual(
      others.map((sender) => before.of(sender)),
    );
  });

  it("does not depend on the order of the files", () => {
    const numbers = numberSenders([[first, second, ...others]]);
    const reversed = numberSenders([[first, second, ...others].reverse()]);
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
    const numbers = numberSenders([ends]);
    expect(new Set(ends.map((sender) => numbers.of(sender))).size).toBe(5000);
  });

  it("refuses two nodes of one name, and an unknown sender", () => {
    expect(() => numberSenders([[first, { ...first, bound: "" }]])).toThrow(
      RangeError,
    );
    expect(() => numberSenders([[first]]).of(second)).toThrow(RangeError);
  });
});

it("senderNumberer() numbers as from scratch, whoever came and went before", () => {
  const alone = others.map((one) => [one]);
  const groups = [[first], [second], ...alone];
  const numberer = senderNumberer();
  for (const now of [
    groups,
    [[first], ...alone],
    [groups[1]!, ...alone],
    groups.toReversed(),
    [],
    groups,
  ]) {
    const [known, anew] = [numberer(now), numberSenders(now)];
    expect(now.flat().map(known.of)).toEqual(now.flat().map(anew.of));
    expect([known.ties, known.displaced]).toEqual([anew.ties, anew.displaced]);
  }
});
