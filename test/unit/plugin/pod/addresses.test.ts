import { describe, expect, it } from "vitest";
import { parseResult } from "../../../../cni/result.ts";
import { podAddresses, podGateways } from "../../../../plugin/pod/addresses.ts";

function result(...ips: readonly object[]) {
  const interfaces = [{ name: "v0" }, { name: "eth0", sandbox: "/run/n" }];
  return parseResult({ cniVersion: "1.1.0", interfaces, ips }, "1.1.0");
}

describe("podAddresses()", () => {
  it("gives those inside of the sandbox, and those of no interface", () => {
    const found = podAddresses(
      result(
        { address: "10.0.0.1/24", interface: 0 },
        { address: "10.0.0.2/24", interface: 1 },
        { address: "fd0a::2/64" },
      ),
    );
    expect(found.map((bytes) => bytes.length)).toEqual([4, 16]);
    expect(found[0]).toEqual(Uint8Array.of(10, 0, 0, 2));
  });

  it.each(["10.A.0.2/32", "10.0.0.2", "10.0.0.2/33", "fd0a::x/64", "/"])(
    'blames the plugin before for "%s": code 6, with its place',
    (address) => {
      expect(() => podAddresses(result({ address }))).toThrow(
        expect.objectContaining({
          code: 6,
          details: expect.stringContaining("/ips/0/address") as string,
        }),
      );
    },
  );
});

describe("podGateways()", () => {
  it("gives IPv6 ones, each once", () => {
    const entry = { address: "fd0a::2/64", gateway: "fe80::1" };
    const ipv4 = { address: "10.0.0.2/24", gateway: "10.0.0.1" };
    expect(podGateways(result(entry, entry, ipv4))).toHaveLength(1);
  });

  it("blames the plugin before for what is no address", () => {
    const entry = { address: "fd0a::2/64", gateway: "fe80::1::2" };
    expect(() => podGateways(result(entry))).toThrow(
      expect.objectContaining({
        code: 6,
        details: expect.stringContaining("/ips/0/gateway") as string,
      }),
    );
  });
});
