import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace } from "../../support/namespace.ts";
import {
  writeOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { routedPod } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
  writeOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** The node's own cluster, whose file leaves the pod CIDRs to the node. */
function writeOwn(cni: string): void {
  const nodes = [{ name: "node1", ips: ["172.17.1.2"] }];
  site.writeCluster("own", { cni, nodes });
}

function add(address = "10.0.0.7/32"): ReturnType<NodeSite["call"]> {
  const prevResult = {
    cniVersion: "1.1.0",
    interfaces: [{ name: "veth0" }],
    ips: [{ address }],
  };
  return site.call("ADD", { pod, config: { prevResult } });
}

function exemptions(): string {
  return site.node.exec("nft", "list", "sets", "ip");
}

describe("a calico node", () => {
  beforeEach(() => {
    writeOwn("calico");
  });

  it("whose first pod comes before its block is asked again later", () => {
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 11,
        details: expect.stringContaining("blackhole route") as string,
      },
    });
    // A runtime that is told of no network starts no pod, and no block would ever come.
    expect(site.call("STATUS")).toMatchObject({ exitCode: 0 });

    site.node.exec("ip", "route", "add", "blackhole", "10.0.0.0/26");
    expect(add()).toMatchObject({ exitCode: 1, answer: { code: 11 } });

    site.node.shell("ip route replace blackhole 10.0.0.0/26 proto 80");
    expect(add()).toMatchObject({ exitCode: 0 });
    expect(exemptions()).toContain("10.0.0.0/26");
  });

  it("takes BIRD's routes as well as Felix's, one a block", () => {
    site.node.shell(
      "ip route add blackhole 10.0.0.0/26 proto bird; ip route add blackhole 10.0.9.64/26 proto 80",
    );
    expect(add()).toMatchObject({ exitCode: 0 });
    expect(exemptions()).toMatch(/10\.0\.0\.0\/26[^]*10\.0\.9\.64\/26/);
  });

  it("whose pod is from a block without route yet is asked again later", () => {
    site.node.shell("ip route add blackhole 10.0.9.64/26 proto 80");
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 11,
        msg: expect.stringContaining("10.0.0.7") as string,
        details: expect.stringContaining(
          "known are 10.0.9.64/26 (calico's blackhole route)",
        ) as string,
      },
    });
  });
});

describe("a globalrouter node", () => {
  beforeEach(() => {
    writeOwn("globalrouter");
  });

  it("has the pod CIDR of its bridge", () => {
    site.node.shell(
      "ip link add cbr0 type bridge; ip addr add 10.0.0.1/24 dev cbr0; ip link set cbr0 up",
    );
    expect(add()).toMatchObject({ exitCode: 0 });
    expect(exemptions()).toContain("10.0.0.0/24");
  });

  it("refuses an address that its bridge is not connected to, and says why", () => {
    site.node.shell(
      "ip link add cbr0 type bridge; ip addr add 10.9.0.1/24 dev cbr0; ip link set cbr0 up",
    );
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 7,
        details: expect.stringContaining(
          "known are 10.9.0.0/24 (bridge cbr0)",
        ) as string,
      },
    });
  });

  it("without a bridge says what it looked for", () => {
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 7,
        details: expect.stringContaining("no bridge cbr0") as string,
      },
    });
  });
});
