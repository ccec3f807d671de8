import { describe, expect, it } from "vitest";
import type { ObservedAssociation } from "../../../../native/xfrm/sa.ts";
import { sortAssociations } from "../../../../plugin/ike/associations.ts";
import {
  believedOf,
  orphansOf,
  replacedOf,
} from "../../../../plugin/ike/orphans.ts";
import type { ListedChild } from "../../../../plugin/ike/charon/listed.ts";
import { associationIdentity } from "../../../../plugin/reconcile/identity.ts";
import { associationOf, childOf as child, NOW } from "./association.ts";
import { tunnel } from "./charon/tunnel.ts";

const ours = tunnel();

const sa = associationOf;

const spisOf = (
  kernel: readonly ObservedAssociation[],
  children: readonly ListedChild[],
  derived: readonly ObservedAssociation[] = [],
): number[] =>
  sortAssociations(
    [ours],
    kernel,
    new Set(derived.map(associationIdentity)),
    [],
  )
    .flatMap((one) => [
      ...orphansOf(one, children, NOW),
      ...replacedOf(one, children, NOW),
    ])
    .map(({ spi }) => spi);

describe("orphansOf()", () => {
  const pair = [sa("in", 0xc0000001), sa("out", 0xc0000002)];
  const listed = [child(0xc0000001, 0xc0000002)];

  it("are SAs that charon does not list, once it has had time to", () => {
    expect(spisOf(pair, listed)).toEqual([]);
    expect(spisOf(pair, [])).toEqual([0xc0000001, 0xc0000002]);
    expect(spisOf([sa("in", 0xc0000003, 9)], [])).toEqual([]);
    expect(spisOf([sa("in", 0xc0000003, 10)], [])).toEqual([0xc0000003]);
  });

  it("are never what the kernel still asks charon for, nor others' SAs", () => {
    const asked = sa("out", 0);
    delete (asked as { aead?: unknown }).aead;
    const others = sa("in", 0xc0000009, 60, { reqid: 1 });
    expect(spisOf([asked, others], [])).toEqual([]);
    const [sorted] = sortAssociations([ours], [asked, others], new Set(), []);
    expect(sorted).toMatchObject({ isAskedFor: true, negotiated: [] });
    const [quiet] = sortAssociations([ours], [...pair, others], new Set(), []);
    expect(quiet).toMatchObject({ isAskedFor: false, negotiated: pair });
  });

  it("are as old as they were before they said to be of tomorrow", () => {
    const kept = sa("out", 0xc0000003, -86_400 + 9);
    expect(spisOf([kept], [])).toEqual([]);
    expect(spisOf([sa("out", 0xc0000003, -86_400 + 10)], [])).toEqual([
      0xc0000003,
    ]);
  });
});

describe("believedOf()", () => {
  it("are those that stay orphans: while IKE is rekeyed a list can lack what lives", () => {
    const suspects = new Map<string, number>();
    const orphans = [sa("in", 0xc0000001), sa("out", 0xc0000002)];
    expect(believedOf(orphans, suspects, NOW)).toEqual([]);
    expect(believedOf(orphans, suspects, NOW + 1)).toEqual([]);
    expect(believedOf(orphans.slice(0, 1), suspects, NOW + 2)).toEqual(
      orphans.slice(0, 1),
    );
    expect(believedOf(orphans, suspects, NOW + 3)).toEqual(orphans.slice(0, 1));
    expect(believedOf(orphans, suspects, NOW + 5)).toEqual(orphans);
  });
});

describe("replacedOf()", () => {
  const pair = [sa("in", 0xc0000001), sa("out", 0xc0000002)];
  const listed = [child(0xc0000001, 0xc0000002)];

  it("are SAs of derived keys once charon's have taken their place both ways", () => {
    const derived = [sa("in", 0x101), sa("out", 0x102)];
    const kernel = [...derived, ...pair];
    expect(spisOf(derived, [], derived)).toEqual([]);
    expect(spisOf(kernel, listed, derived)).toEqual([0x101, 0x102]);
    expect(spisOf(kernel, [], derived)).toEqual([0xc0000001, 0xc0000002]);
    expect(spisOf([...derived, pair[0]!], listed, derived)).toEqual([]);
    const young = [sa("in", 0xc0000001, 5), sa("out", 0xc0000002, 5)];
    expect(spisOf([...derived, ...young], listed, derived)).toEqual([]);
  });

  it("are inbound ones later, and while something comes by them not at all", () => {
    const derived = [sa("in", 0x101), sa("out", 0x102)];
    const young = [sa("in", 0xc0000001, 15), sa("out", 0xc0000002, 15)];
    expect(spisOf([...derived, ...young], listed, derived)).toEqual([0x102]);
    const used = sa("in", 0x101, 60, { lastUsedSeconds: BigInt(NOW - 9) });
    const kernel = [used, derived[1]!, ...pair];
    expect(spisOf(kernel, listed, derived)).toEqual([0x102]);
  });
});
