import { describe, expect, it } from "vitest";
import { Key } from "../../../../native/xfrm/key.ts";
import type { ObservedAssociation } from "../../../../native/xfrm/sa.ts";
import { orphansOf, sortAssociations } from "../../../../plugin/ike/orphans.ts";
import type { ListedChild } from "../../../../plugin/ike/charon/listed.ts";
import { associationIdentity } from "../../../../plugin/reconcile/identity.ts";
import { tunnel } from "./charon/tunnel.ts";

const ours = tunnel();
const NOW = 1_000_000;

function sa(
  direction: "in" | "out",
  spi: number,
  ageSeconds = 60,
  rest: Partial<ObservedAssociation> = {},
): ObservedAssociation {
  const { local, remote, reqid } = ours;
  return {
    ...(direction === "out"
      ? { source: local, destination: remote }
      : { source: remote, destination: local }),
    spi,
    reqid,
    mode: "tunnel",
    replayWindow: 1024,
    protocol: 50,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(new Uint8Array(36)),
      icvBits: 128,
    },
    current: {
      bytes: 0n,
      packets: 0n,
      addTimeSeconds: BigInt(NOW - ageSeconds),
      useTimeSeconds: 0n,
    },
    statistics: { replayWindow: 0, replay: 0, integrityFailed: 0 },
    sequence: { output: 0n, input: 0n },
    foreign: [],
    ...rest,
  };
}

function child(spiIn: number, spiOut: number): ListedChild {
  return {
    state: "INSTALLED",
    spiIn,
    spiOut,
    algorithms: "",
    inUdp: false,
    ageSeconds: 60,
    rekeySeconds: undefined,
  };
}

const spisOf = (
  kernel: readonly ObservedAssociation[],
  children: readonly ListedChild[],
  derived: readonly ObservedAssociation[] = [],
): number[] =>
  sortAssociations([ours], kernel, new Set(derived.map(associationIdentity)))
    .flatMap((one) => orphansOf(one, children, NOW))
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
    const [sorted] = sortAssociations([ours], [asked, others], new Set());
    expect(sorted).toMatchObject({ isAskedFor: true, negotiated: [] });
    const [quiet] = sortAssociations([ours], [...pair, others], new Set());
    expect(quiet).toMatchObject({ isAskedFor: false, negotiated: pair });
  });

  it("are those of derived keys once charon's have taken their place both ways", () => {
    const derived = [sa("in", 0x101), sa("out", 0x102)];
    const kernel = [...derived, ...pair];
    expect(spisOf(derived, [], derived)).toEqual([]);
    expect(spisOf(kernel, listed, derived)).toEqual([0x101, 0x102]);
    expect(spisOf(kernel, [], derived)).toEqual([0xc0000001, 0xc0000002]);
    expect(spisOf([...derived, pair[0]!], listed, derived)).toEqual([]);
    const young = [sa("in", 0xc0000001, 5), sa("out", 0xc0000002, 5)];
    expect(spisOf([...derived, ...young], listed, derived)).toEqual([]);
  });
});
