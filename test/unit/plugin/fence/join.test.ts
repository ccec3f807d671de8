import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../ip/cidr.ts";
import type { Memory } from "../../../../plugin/fence/decide.ts";
import { forgottenSince, withoutCidrs } from "../../../../plugin/fence/join.ts";

/** Of a node of "a", by cluster. */
function memory(clusters: Readonly<Record<string, readonly string[]>>): Memory {
  const entries = Object.entries(clusters).map(
    ([name, texts]) =>
      [name, { cidrs: texts.map(parseCidr), sure: true }] as const,
  );
  return { own: "a", clusters: new Map(entries) };
}

const B = ["10.1.0.0/16", "10.2.0.0/16"];

describe("forgottenSince()", () => {
  const since = (seen: Memory, now: Memory) =>
    forgottenSince(seen, now).map(({ text }) => text);

  it("gives what is remembered no more, whoever has the rest", () => {
    expect(since(memory({ b: B }), memory({}))).toEqual(B);
    expect(since(memory({ b: B }), memory({ c: B.slice(1) }))).toEqual([B[0]]);
    expect(since(memory({}), memory({ b: B }))).toEqual([]);
  });

  it("gives nothing where all of the memory is lost", () => {
    expect(since(memory({ b: B }), { clusters: new Map() })).toEqual([]);
  });
});

describe("withoutCidrs()", () => {
  it("takes them from every cluster, and one that has no others, too", () => {
    const left = withoutCidrs(
      memory({ b: B, c: B.slice(1) }),
      B.slice(1).map(parseCidr),
    );
    expect(left).toEqual(memory({ b: B.slice(0, 1) }));
  });
});
