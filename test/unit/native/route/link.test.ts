import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBytes,
  attrString,
  attrU32,
  encodeBody,
  nestedPlain,
} from "../../../../native/attribute.ts";
import { encode } from "../../../../native/layout.ts";
import {
  RTM_DELLINK,
  RTM_NEWLINK,
} from "../../../../native/route/constants.ts";
import {
  decodeLink,
  encodeLinkChange,
  encodeLinkDelete,
  encodeLinkQuery,
} from "../../../../native/route/link.ts";
import { ifinfomsg } from "../../../../native/route/structs.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";
import { expectGolden } from "../../../support/golden.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A veth as the kernel reports it: a bridge's port, its peer in another namespace. */
const veth = encodeBody(
  encode(ifinfomsg, { ifi_type: 1, ifi_index: 7, ifi_flags: 0x11043 }),
  [
    attrString(3, "cali12345678901"),
    attrU32(4, 1450),
    attrU32(10, 5),
    nestedPlain(18, [attrString(1, "veth"), attrBytes(2, new Uint8Array(4))]),
    attrU32(5, 2),
    attrU32(37, 3),
    attrBytes(1, Uint8Array.of(0xee, 0xee, 0xee, 0xee, 0xee, 0xee)),
    attrString(20, "crosslink k8s"),
  ],
);

describe("encodeLinkChange()", () => {
  it("sends what `ip link set up mtu master` sends", () => {
    const body = encodeLinkChange(3, { up: true, mtu: 1400, master: 4 });
    expectGolden("route/link-change", { type: RTM_NEWLINK, body });
  });

  it("sends what `ip link set alias` sends", () => {
    expectGolden("route/link-alias", {
      type: RTM_NEWLINK,
      body: encodeLinkChange(3, { alias: "net c0 eth0" }),
    });
  });

  it("says that the state changes only where it does", () => {
    const flags = (body: Uint8Array) => [
      ...new Uint32Array(body.slice(8, 16).buffer),
    ];
    expect(flags(encodeLinkChange(3, { up: false }))).toEqual([0, 1]);
    expect(flags(encodeLinkChange(3, { mtu: 9 }))).toEqual([0, 0]);
  });
});

describe("encodeLinkDelete()", () => {
  it("sends what `ip link delete` sends", () => {
    expectGolden("route/link-delete", {
      type: RTM_DELLINK,
      body: encodeLinkDelete(3),
    });
  });
});

describe("encodeLinkQuery()", () => {
  const header = (index: number): number[] => [
    0,
    0,
    0,
    0,
    index,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  // RTEXT_FILTER_SKIP_STATS alone: `ip` also asks for the virtual functions of SR-IOV devices, which nobody here reads.
  const filter = [8, 0, 29, 0, 8, 0, 0, 0];

  it("asks by index, by name, and by a name that can only be an alternative one", () => {
    expect([...encodeLinkQuery(9)]).toEqual([...header(9), ...filter]);
    expect([...encodeLinkQuery("lo")]).toEqual([
      ...header(0),
      ...filter,
      7,
      0,
      3,
      0,
      0x6c,
      0x6f,
      0,
      0,
    ]);
    const long = "sixteen-letters-";
    expect([...encodeLinkQuery(long)]).toEqual([
      ...header(0),
      ...filter,
      21,
      0,
      53,
      0,
      ...text(long),
      0,
      0,
      0,
      0,
    ]);
  });
});

describe("decodeLink()", () => {
  it("reads everything that a link has", () => {
    expect(decodeLink(veth)).toEqual({
      index: 7,
      name: "cali12345678901",
      kind: "veth",
      master: 5,
      peerIndex: 2,
      peerNetnsId: 3,
      mtu: 1450,
      up: true,
      address: Uint8Array.of(0xee, 0xee, 0xee, 0xee, 0xee, 0xee),
      type: 1,
      flags: 0x11043,
      alias: "crosslink k8s",
    });
  });

  it("leaves out what a link has not", () => {
    const bare = encodeBody(
      encode(ifinfomsg, { ifi_type: 772, ifi_index: 1 }),
      [attrString(3, "lo"), attrU32(4, 9)],
    );
    expect(decodeLink(bare)).toStrictEqual({
      index: 1,
      name: "lo",
      mtu: 9,
      up: false,
      address: new Uint8Array(0),
      type: 772,
      flags: 0,
    });
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    fc.assert(
      fc.property(damaged(fc.constant(veth)), (bytes) => {
        expectRangeErrorOrResult(() => decodeLink(bytes));
      }),
    );
  });
});
