import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  parseSubnetFile,
  readFlannelSubnets,
} from "../../../../plugin/discovery/flannel.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-flannel-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("parseSubnetFile()", () => {
  it("reads the network of the bridge's address, in both families", () => {
    const text = [
      "FLANNEL_NETWORK=10.244.0.0/16",
      "FLANNEL_SUBNET=10.244.7.1/24",
      "FLANNEL_IPV6_NETWORK=fd00:244::/48",
      "FLANNEL_IPV6_SUBNET=fd00:244:0:7::1/64",
      "FLANNEL_MTU=1450",
      "FLANNEL_IPMASQ=true",
    ].join("\n");
    expect(parseSubnetFile(text).map((cidr) => cidr.text)).toEqual([
      "10.244.7.0/24",
      "fd00:244:0:7::/64",
    ]);
  });
});

describe("readFlannelSubnets()", () => {
  it("neither waits at a FIFO nor reads without end", () => {
    const refused = (fact: string) =>
      expect.objectContaining({
        code: 5,
        details: expect.stringContaining(fact) as string,
      }) as Error;
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(() => readFlannelSubnets(fifo)).toThrow(refused("it is a FIFO"));
    expect(() => readFlannelSubnets("/dev/zero")).toThrow(
      refused("it is a device"),
    );
    const large = join(folder, "large");
    writeFileSync(large, "FLANNEL_MTU=1450\n".repeat(10_000));
    expect(() => readFlannelSubnets(large)).toThrow(refused("it is larger"));
  });

  it("says that flannel may not run where there is no file", () => {
    expect(() => readFlannelSubnets(join(folder, "subnet.env"))).toThrow(
      expect.objectContaining({
        code: 5,
        details: expect.stringContaining("Is flanneld running?") as string,
      }) as Error,
    );
  });

  it("refuses a file without a subnet", () => {
    writeFileSync(join(folder, "subnet.env"), "FLANNEL_MTU=1450\n");
    expect(() => readFlannelSubnets(join(folder, "subnet.env"))).toThrow(
      expect.objectContaining({ code: 7 }) as Error,
    );
  });
});
