import { describe, expect, it } from "vitest";
import { RTM_NEWLINK } from "../../../../native/route/constants.ts";
import { decodeLink } from "../../../../native/route/link.ts";
import { encodeVxlan } from "../../../../native/route/vxlan.ts";
import { expectGolden } from "../../../support/golden.ts";

const ipv6 = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex, "hex"));

const indexed = {
  name: "vx0",
  id: 17228,
  local: Uint8Array.of(10, 9, 9, 1),
  port: 17228,
  learning: false,
  mtu: 1450,
  address: Uint8Array.of(2, 0x43, 10, 9, 9, 1),
  index: 0x434c0000,
};

describe("encodeVxlan()", () => {
  it("sends what `ip link add type vxlan` sends, every attribute set", () => {
    const body = encodeVxlan({
      name: "vx0",
      id: 0x123456,
      local: Uint8Array.of(10, 9, 9, 1),
      remote: Uint8Array.of(10, 9, 9, 2),
      underlay: 3,
      port: 4789,
      learning: true,
      mtu: 1404,
      address: Uint8Array.of(2, 0x11, 0x22, 0x33, 0x44, 0x55),
    });
    expectGolden("route/vxlan-add", { type: RTM_NEWLINK, body });
  });

  it("has attributes of their own for IPv6 ends", () => {
    const body = encodeVxlan({
      name: "vx6",
      id: 0x123456,
      local: ipv6("fd000009000000000000000000000001"),
      remote: ipv6("fd000009000000000000000000000002"),
      port: 4790,
      learning: false,
    });
    expectGolden("route/vxlan-add-ipv6", { type: RTM_NEWLINK, body });
  });

  it("asks for an index, and to be up at once", () => {
    const body = encodeVxlan({ ...indexed, up: true });
    expectGolden("route/vxlan-add-index", { type: RTM_NEWLINK, body });
  });
});

describe("decodeLink()", () => {
  it("reads a VXLAN device's traits, of either family", () => {
    const { id, local, port, learning } = indexed;
    expect(decodeLink(encodeVxlan(indexed))).toMatchObject({
      kind: "vxlan",
      vxlan: { id, local, port, learning },
    });
    const far = ipv6("fd000009000000000000000000000001");
    const other = { ...indexed, local: far, learning: true };
    expect(decodeLink(encodeVxlan(other)).vxlan).toEqual({
      id,
      local: far,
      port,
      learning: true,
    });
  });
});
