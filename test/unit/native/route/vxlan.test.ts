import { describe, it } from "vitest";
import { RTM_NEWLINK } from "../../../../native/route/constants.ts";
import { encodeVxlan } from "../../../../native/route/vxlan.ts";
import { expectGolden } from "../../../support/golden.ts";

const ipv6 = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex, "hex"));

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
});
