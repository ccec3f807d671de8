import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attrBytes,
  attrString,
  attrU32,
  encodeBody,
} from "../../../../native/attribute.ts";
import { encode } from "../../../../native/layout.ts";
import {
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from "../../../../native/route/constants.ts";
import {
  decodeInterfaceAddress,
  encodeAddressQuery,
  encodeAssignedAddress,
} from "../../../../native/route/interface-address.ts";
import { ifaddrmsg } from "../../../../native/route/structs.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";
import { expectGolden } from "../../../support/golden.ts";

const own = Uint8Array.of(10, 0, 0, 1);
const peer = Uint8Array.of(10, 0, 0, 2);
const header = encode(ifaddrmsg, {
  ifa_family: 2,
  ifa_prefixlen: 24,
  ifa_flags: 0x80,
  ifa_scope: 253,
  ifa_index: 7,
});

describe("encodeAssignedAddress()", () => {
  const assigned = {
    index: 3,
    address: Uint8Array.of(169, 254, 67, 76),
    prefixLength: 32,
    scope: 254,
  };

  it("sends what `ip addr add` and `ip addr del` send", () => {
    expectGolden("route/address-add", {
      type: RTM_NEWADDR,
      body: encodeAssignedAddress(assigned),
    });
    expectGolden("route/address-delete", {
      type: RTM_DELADDR,
      body: encodeAssignedAddress({ ...assigned, scope: 0 }),
    });
  });
});

describe("encodeAddressQuery()", () => {
  it("sends what `ip -4 addr show` sends", () => {
    expectGolden("route/address-list", {
      type: RTM_GETADDR,
      body: encodeAddressQuery(2),
    });
  });
});

describe("decodeInterfaceAddress()", () => {
  it("reads an IPv4 address, which is its own peer", () => {
    const body = encodeBody(header, [
      attrBytes(1, own),
      attrBytes(2, own),
      attrString(3, "eth0"),
      attrU32(8, 0x280),
    ]);
    expect(decodeInterfaceAddress(body)).toStrictEqual({
      index: 7,
      address: own,
      prefixLength: 24,
      scope: 253,
      flags: 0x280,
      label: "eth0",
    });
  });

  it("tells its own address from the peer's", () => {
    const body = encodeBody(header, [attrBytes(1, peer), attrBytes(2, own)]);
    expect(decodeInterfaceAddress(body)).toMatchObject({
      address: own,
      peer,
      flags: 0x80,
    });
  });

  it("reads an IPv6 address, which comes without IFA_LOCAL", () => {
    const address = new Uint8Array(16).fill(0xfd);
    const body = encodeBody(
      encode(ifaddrmsg, { ifa_family: 10, ifa_prefixlen: 64 }),
      [attrBytes(1, address)],
    );
    expect(decodeInterfaceAddress(body)).toMatchObject({
      address,
      prefixLength: 64,
    });
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    const valid = fc.constant(
      encodeBody(header, [
        attrBytes(1, peer),
        attrBytes(2, own),
        attrU32(8, 1),
      ]),
    );
    fc.assert(
      fc.property(damaged(valid), (bytes) => {
        expectRangeErrorOrResult(() => decodeInterfaceAddress(bytes));
      }),
    );
  });
});
