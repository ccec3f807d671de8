import { describe, expect, it } from "vitest";
import {
  listIn,
  namedIn,
  nextList,
  revocations,
  strayNames,
} from "../../../../../plugin/kubernetes/certificates/revoke.ts";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { authorityOfA, nodes, signedFor } from "./asked.ts";

const now = Date.parse("2026-06-01T00:00:00Z");
const DAY_MS = 86_400_000;
const authority = authorityOfA();
const signed = (...all: ReturnType<typeof signedFor>[]) =>
  new Map(all.map((one) => [one.node, one]));
const entry = (serial: string, of = "n1", days = 10) => ({
  ...{ serial, key: "k", node: `uid-of-${of}` },
  until: new Date(now + days * DAY_MS).toISOString(),
});
const known = (words: {
  signed?: ReturnType<typeof signed>;
  named?: readonly string[];
  nodes?: typeof nodes;
}) => ({
  ...{ cluster: "a", now, nodes: words.nodes ?? nodes },
  signed: words.signed ?? signed(signedFor("n1", [entry("40AA")])),
  named: new Set(words.named),
});
const serials = (words: Parameters<typeof known>[0]) =>
  revocations(known(words)).map(({ serial }) => serial);

describe("revocations()", () => {
  it("are all that holds of a node that the admin names, in its name", () => {
    const all = [entry("40AA"), entry("40AB"), entry("40AC", "n1", -1)];
    const some = signed(
      signedFor("n1", all),
      signedFor("n2", [entry("BB", "n2")]),
    );
    expect(serials({ signed: some })).toEqual([]);
    expect(revocations(known({ signed: some, named: ["n1"] }))).toEqual([
      { serial: "40AA", since: new Date(now), identity: "n1.a" },
      { serial: "40AB", since: new Date(now), identity: "n1.a" },
    ]);
  });

  it("are those of an earlier Node of a name, once there is another of it, and not before", () => {
    const earlier = signed(
      signedFor("n1", [entry("40AA", "an-earlier-n1"), entry("40AB")]),
    );
    expect(serials({ signed: earlier })).toEqual(["40AA"]);
    expect(serials({ signed: earlier, nodes: nodes.slice(1) })).toEqual([]);
  });

  it("are none of what makes no sense", () => {
    const broken = signed(signedFor("n1", undefined));
    expect(serials({ signed: broken, named: ["n1"] })).toEqual([]);
  });
});

describe("names that the admin gives", () => {
  it("are apart by commas and blanks", () => {
    const annotations = { "crosslink.io/revoked": " n1, n2\nn3,," };
    const own = { metadata: { name: "a", annotations } };
    expect([...namedIn(asCluster(own))]).toEqual(["n1", "n2", "n3"]);
    expect(namedIn(asCluster({ metadata: { name: "a" } })).size).toBe(0);
  });

  it("are said where they are nobody's", () => {
    const of = { signed: signed(signedFor("n9", [entry("9", "n9")])) };
    expect(strayNames(known({ ...of, named: ["n1", "n9", "n8"] }))).toEqual([
      "n8",
    ]);
  });
});

describe("nextList()", () => {
  const wanted = (...all: string[]) =>
    all.map((serial) => ({ serial, since: new Date(now), identity: "n1.a" }));
  const next = (
    given: readonly string[],
    before?: Parameters<typeof nextList>[1]["before"],
    at = now,
  ) => {
    const found = nextList(authority, {
      before,
      wanted: wanted(...given),
      now: at,
    });
    return typeof found === "object"
      ? listIn(found.list, authority.certificate)
      : found;
  };
  const listOf = (found: ReturnType<typeof next>) => {
    if (typeof found !== "object") throw new Error("It is no list");
    return found;
  };

  it("is made where there is something new, with all that was in the one before, and a larger number", () => {
    expect(next([])).toBeUndefined();
    const first = listOf(next(["40AA"]));
    expect(first).toEqual({ number: now / 1000, revoked: wanted("40AA") });
    expect(next(["40AA"], first)).toBeUndefined();
    expect(next([], first)).toBeUndefined();
    const second = listOf(next(["40BB"], first));
    expect(second.revoked).toEqual(wanted("40AA", "40BB"));
    expect(second.number).toBe(first.number + 1);
  });

  it("goes on from what a clock that was ahead has numbered, and leaves out what no longer holds", () => {
    const first = { number: 9e9, revoked: wanted("40AA") };
    const later = listOf(next(["40BB"], first, now + 31 * DAY_MS));
    expect(later.number).toBe(9e9 + 1);
    expect(later.revoked.map(({ serial }) => serial)).toEqual(["40BB"]);
  });

  it("says what does not fit, and is none then", () => {
    const many = Array.from(
      { length: 900 },
      (_, at) => `40${String(at).padStart(30, "0")}`,
    );
    expect(next(many)).toContain("give this cluster another authority");
  });
});
