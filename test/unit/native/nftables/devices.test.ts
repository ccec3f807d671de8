import { describe, expect, it } from "vitest";
import {
  attrBe32,
  attrString,
  encodeAttributes,
  nested,
} from "../../../../native/attribute.ts";
import { decodeChain } from "../../../../native/nftables/chain.ts";
import { decodeDevices } from "../../../../native/nftables/devices.ts";
import { encodeNetfilter } from "../../../../native/nfnetlink.ts";

describe("decodeDevices()", () => {
  it("reads names, and beginnings of names as nft writes them", () => {
    const list = encodeAttributes([
      attrString(1, "eth0"),
      attrString(2, "veth"),
      attrString(9, "of a later kernel"),
    ]);
    expect(decodeDevices(list)).toEqual(["eth0", "veth*"]);
    expect(decodeDevices(undefined)).toEqual([]);
  });
});

describe("decodeChain()", () => {
  it("reads which devices a chain of table netdev is at", () => {
    const body = encodeNetfilter(5, [
      attrString(1, "edge"),
      attrString(3, "guard"),
      nested(4, [
        attrBe32(1, 1),
        attrBe32(2, -10 >>> 0),
        nested(4, [attrString(1, "eth0"), attrString(1, "veth1")]),
      ]),
      attrBe32(5, 0),
      attrString(7, "filter"),
    ]);
    expect(decodeChain(body)).toMatchObject({
      family: 5,
      table: "edge",
      chain: "guard",
      base: {
        type: "filter",
        hook: 1,
        priority: -10,
        policy: "drop",
        devices: ["eth0", "veth1"],
      },
    });
  });
});
