import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../ip/cidr.ts";
import { readRangeSets } from "../../../ipam/configuration/ranges.ts";
import { writeResult } from "../../../ipam/result.ts";

const leases = readRangeSets(
  [[{ subnet: "10.1.2.0/24" }], [{ subnet: "fd00::/64" }]],
  "",
)
  .flat()
  .map((range, i) => ({
    address: parseAddress(["10.1.2.7", "fd00::7"][i]!),
    range,
  }));

const answer = {
  leases,
  routes: [
    { dst: "0.0.0.0/0", mtu: 1400 },
    { dst: "::/0", gw: "fd00::9" },
  ],
  dns: { nameservers: ["10.0.0.10"] },
};

describe("writeResult()", () => {
  it("writes 1.1.0 with all that a route says", () => {
    expect(writeResult(answer, "1.1.0")).toEqual({
      cniVersion: "1.1.0",
      ips: [
        { address: "10.1.2.7/24", gateway: "10.1.2.1" },
        { address: "fd00::7/64", gateway: "fd00::1" },
      ],
      routes: answer.routes,
      dns: { nameservers: ["10.0.0.10"] },
    });
  });

  it("writes 0.4.0 with families and plain routes", () => {
    expect(writeResult({ ...answer, dns: {} }, "0.4.0")).toEqual({
      cniVersion: "0.4.0",
      ips: [
        { version: "4", address: "10.1.2.7/24", gateway: "10.1.2.1" },
        { version: "6", address: "fd00::7/64", gateway: "fd00::1" },
      ],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0", gw: "fd00::9" }],
      dns: {},
    });
  });

  it("writes 0.2.0 with an entry a family", () => {
    expect(writeResult(answer, "0.2.0")).toEqual({
      cniVersion: "0.2.0",
      ip4: {
        ip: "10.1.2.7/24",
        gateway: "10.1.2.1",
        routes: [{ dst: "0.0.0.0/0" }],
      },
      ip6: {
        ip: "fd00::7/64",
        gateway: "fd00::1",
        routes: [{ dst: "::/0", gw: "fd00::9" }],
      },
      dns: { nameservers: ["10.0.0.10"] },
    });
  });
});
