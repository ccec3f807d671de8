import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF_INET } from "../../../../native/address.ts";
import { decodeNetfilter } from "../../../../native/nfnetlink.ts";
import {
  addElements,
  decodeElements,
  deleteElements,
} from "../../../../native/nftables/element.ts";
import {
  intervalElements,
  intervalsOf,
  prefixElements,
} from "../../../../native/nftables/interval.ts";
import { addSet, decodeSet } from "../../../../native/nftables/set.ts";
import {
  expectGolden,
  expectSameBytes,
  golden,
} from "../../../support/golden.ts";

const LIST = 3;
const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const set = { family: AF_INET, table: "crosslink", set: "local" };
const ipv4 = { type: 7, length: 4 };
const prefix = (length: number, ...address: number[]) => ({
  address: bytes(...address),
  length,
});
const listOf = (body: Uint8Array) =>
  decodeNetfilter(body).attributes.get(LIST)!;

describe("addSet()", () => {
  it("sends what nft sends for an interval set and for a concatenation", () => {
    expectGolden("nftables/sets", addSet({ ...set, fields: [ipv4], id: 1 }));
    const [, pairs] = golden("nftables/sets", 0xa09);
    const ours = addSet({ ...set, set: "pairs", fields: [ipv4, ipv4], id: 2 });
    expect(decodeSet(ours.body)).toEqual(decodeSet(pairs!.body));
    expect(
      [...decodeNetfilter(ours.body).attributes.get(9)!].slice(0, 4),
    ).toEqual(
      [...decodeNetfilter(pairs!.body).attributes.get(9)!]
        .slice(-28)
        .slice(0, 4),
    );
  });
});

describe("addElements()", () => {
  it("sends the same list as nft", () => {
    const [request] = addElements(set, [
      ...prefixElements(prefix(24, 10, 1, 0, 0)),
      ...prefixElements(prefix(20, 10, 3, 16, 0)),
    ]);
    const [, added] = golden("nftables/sets", 0xa0c);
    expectSameBytes(listOf(request!.body), listOf(added!.body));
  });

  it("sends the first and last key of a concatenated element as nft does", () => {
    const [request] = addElements({ ...set, set: "pairs" }, [
      {
        key: bytes(10, 1, 0, 0, 10, 2, 0, 0),
        keyEnd: bytes(10, 1, 0, 255, 10, 2, 255, 255),
        intervalEnd: false,
      },
    ]);
    const theirs = golden("nftables/sets", 0xa0c).find(({ body }) =>
      decodeElements(body).some(({ keyEnd }) => keyEnd !== undefined),
    );
    expectSameBytes(listOf(request!.body), listOf(theirs!.body));
  });

  it("splits what one attribute cannot hold", () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({
      key: bytes(10, index >> 8, index & 255, 0),
      intervalEnd: false,
    }));
    const requests = addElements(set, many);
    expect(requests.every(({ body }) => body.length < 0x10000)).toBe(true);
    expect(requests.flatMap(({ body }) => decodeElements(body))).toHaveLength(
      5000,
    );
  });
});

describe("deleteElements()", () => {
  it("sends what nft sends", () => {
    const [request] = deleteElements(
      set,
      prefixElements(prefix(24, 10, 1, 0, 0)),
    );
    const [theirs] = golden("nftables/sets", 0xa0e);
    expectSameBytes(listOf(request!.body), listOf(theirs!.body));
  });
});

describe("intervalsOf()", () => {
  it("undoes prefixElements() for any set of separate prefixes", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(255), { minLength: 1 }), (octets) => {
        const elements = octets.flatMap((octet) =>
          prefixElements(prefix(8, octet, 0, 0, 0)),
        );
        const found = intervalsOf([
          { key: bytes(0, 0, 0, 0), intervalEnd: true },
          ...elements.toReversed(),
        ]);
        expect(found.map(({ first }) => first[0])).toEqual(
          octets.toSorted((a, b) => a - b),
        );
        expect(found.flatMap(intervalElements)).toHaveLength(elements.length);
      }),
    );
  });

  it("has no end where the address space ends", () => {
    expect(prefixElements(prefix(0, 0, 0, 0, 0))).toHaveLength(1);
    expect(prefixElements(prefix(4, 240, 0, 0, 0))).toHaveLength(1);
    expect(intervalsOf(prefixElements(prefix(4, 240, 0, 0, 0)))).toEqual([
      { first: bytes(240, 0, 0, 0), behind: undefined },
    ]);
  });

  it("carries over byte borders", () => {
    expect(prefixElements(prefix(20, 10, 255, 240, 0))[1]!.key).toEqual(
      bytes(11, 0, 0, 0),
    );
    expect(prefixElements(prefix(32, 10, 0, 0, 255))[1]!.key).toEqual(
      bytes(10, 0, 1, 0),
    );
  });
});
