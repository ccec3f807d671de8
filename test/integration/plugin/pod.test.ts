import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import {
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { resultFor, wireRouted } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = namespace();
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** A routed pod as the article wires it: no gateway, no host route yet. */
function wired(): object {
  wireRouted(site, pod);
  return { prevResult: resultFor(pod) };
}

/** A pod on a bridge, as flannel and globalrouter wire it. */
function bridgedPod(): object {
  connect(site.node, "veth0", pod, "eth0");
  site.node.shell(
    "ip link add cni0 type bridge; ip addr add 10.0.0.1/24 dev cni0; ip link set cni0 up; ip link set veth0 master cni0",
  );
  pod.shell(
    "ip addr add 10.0.0.7/24 dev eth0; ip route add default via 10.0.0.1",
  );
  return {
    prevResult: {
      cniVersion: "1.1.0",
      interfaces: [
        { name: "cni0" },
        { name: "veth0" },
        { name: "eth0", sandbox: pod.path },
      ],
      ips: [{ address: "10.0.0.7/24", gateway: "10.0.0.1", interface: 2 }],
    },
  };
}

/** CHECK of a pod that was damaged names what is missing, and ADD mends it. */
function expectNamed(config: object, damage: string, named: string): void {
  site.call("ADD", { pod, config });
  site.node.shell(damage);
  expect(site.call("CHECK", { pod, config })).toMatchObject({
    exitCode: 1,
    answer: { code: 103, details: expect.stringContaining(named) as string },
  });
  expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
  expect(site.call("CHECK", { pod, config }).exitCode).toBe(0);
}

function proxyArp(): string {
  return site.node
    .exec("cat", "/proc/sys/net/ipv4/conf/veth0/proxy_arp")
    .trim();
}

function hostRoutes(): string {
  return site.node.exec("ip", "route", "show", "proto", "88").trim();
}

describe("ADD", () => {
  it("gives a routed pod proxy-ARP and a host route, and echoes prevResult", () => {
    const config = wired();
    const outcome = site.call("ADD", { pod, config });
    expect(outcome).toMatchObject({
      exitCode: 0,
      answer: (config as { prevResult: object }).prevResult,
    });
    expect(proxyArp()).toBe("1");
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
    expect(site.node.exec("ip", "link", "show", "veth0")).toContain(
      "alias crosslink pods c1 eth0",
    );
    site.node.exec("ping", "-c1", "-W2", "10.0.0.7");
  });

  it("leaves a bridge port as it is", () => {
    const outcome = site.call("ADD", { pod, config: bridgedPod() });
    expect(outcome.exitCode).toBe(0);
    expect(proxyArp()).toBe("0");
    expect(hostRoutes()).toBe("");
    site.node.exec("ping", "-c1", "-W2", "10.0.0.7");
  });

  it("finds the host's end where prevResult names only the host device, as Calico up to 3.30", () => {
    wired();
    const prevResult = {
      cniVersion: "0.3.1",
      interfaces: [{ name: "veth0" }],
      ips: [{ version: "4", address: "10.0.0.7/32" }],
    };
    const outcome = site.call("ADD", {
      pod,
      config: { cniVersion: "0.3.1", prevResult },
    });
    expect(outcome).toMatchObject({ exitCode: 0, answer: prevResult });
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });

  it("finds the host's end by the pod's namespace where prevResult lists no interface", () => {
    wired();
    const prevResult = { cniVersion: "0.2.0", ip4: { ip: "10.0.0.7/32" } };
    const outcome = site.call("ADD", {
      pod,
      config: { cniVersion: "0.2.0", prevResult },
    });
    expect(outcome).toMatchObject({ exitCode: 0, answer: prevResult });
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });

  it("leaves the base plugin's own host route alone", () => {
    const config = wired();
    site.node.exec(
      "ip",
      "route",
      "add",
      "10.0.0.7",
      "dev",
      "veth0",
      "scope",
      "link",
    );
    expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
    expect(hostRoutes()).toBe("");
  });

  it("is the same twice", () => {
    const config = wired();
    site.call("ADD", { pod, config });
    const before = site.node.exec("ip", "route");
    expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
    expect(site.node.exec("ip", "route")).toBe(before);
  });

  it("refuses a pod address outside of the node's pod CIDRs, and says which are known", () => {
    wired();
    const prevResult = {
      cniVersion: "1.1.0",
      interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
      ips: [{ address: "10.9.9.9/32", interface: 1 }],
    };
    expect(site.call("ADD", { pod, config: { prevResult } })).toMatchObject({
      exitCode: 1,
      answer: {
        code: 7,
        msg: "Cannot link pod address 10.9.9.9: it is outside of this node's pod CIDRs",
        details: expect.stringContaining("10.0.0.0/24") as string,
      },
    });
  });

  it("reports another program's route to the pod's address", () => {
    const config = wired();
    site.node.exec("ip", "route", "add", "10.0.0.7", "dev", "eth0");
    expect(site.call("ADD", { pod, config })).toMatchObject({
      exitCode: 1,
      answer: { code: 106 },
    });
  });

  it("names the host's end where that is down, and how it comes up", () => {
    const config = wired();
    site.node.exec("ip", "link", "set", "veth0", "down");
    expect(site.call("ADD", { pod, config }).answer).toMatchObject({
      msg: expect.stringContaining("over device veth0: ") as string,
      details: expect.stringContaining("ip link set DEVICE up") as string,
    });
    site.node.exec("ip", "link", "set", "veth0", "up");
    expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
  });

  it("refuses to be the first plugin of a chain", () => {
    expect(site.call("ADD", { pod })).toMatchObject({
      exitCode: 1,
      answer: { code: 7 },
    });
  });

  it("passes prevResult through where the clusters folder is empty", () => {
    site.removeCluster("own");
    site.removeCluster("office");
    const config = wired();
    expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
    expect(proxyArp()).toBe("0");
    expect(hostRoutes()).toBe("");
  });
});

describe("CHECK", () => {
  it("succeeds after ADD", () => {
    const config = wired();
    site.call("ADD", { pod, config });
    expect(site.call("CHECK", { pod, config })).toEqual({
      exitCode: 0,
      answer: undefined,
      stderr: "",
    });
  });

  it.each([
    [
      "proxy-ARP",
      "echo 0 > /proc/sys/net/ipv4/conf/veth0/proxy_arp",
      "net.ipv4.conf.veth0.proxy_arp=1",
    ],
    [
      "that its device passes nothing on",
      "echo 0 > /proc/sys/net/ipv4/conf/veth0/forwarding",
      "net.ipv4.conf.veth0.forwarding=1",
    ],
    ["the host route", "ip route del 10.0.0.7", "route 10.0.0.7/32 dev veth0"],
    [
      "forwarding",
      "echo 0 > /proc/sys/net/ipv4/ip_forward",
      "net.ipv4.ip_forward=1",
    ],
  ])("names %s when it is missing", (_, damage, named) => {
    expectNamed(wired(), damage, named);
  });
});

describe("DEL", () => {
  it("takes the host route and the alias away, twice", () => {
    const config = wired();
    site.call("ADD", { pod, config });
    expect(site.call("DEL", { pod, config })).toEqual({
      exitCode: 0,
      answer: undefined,
      stderr: "",
    });
    expect(hostRoutes()).toBe("");
    expect(site.node.exec("ip", "link", "show", "veth0")).not.toContain(
      "alias",
    );
    expect(site.call("DEL", { pod, config })).toEqual({
      exitCode: 0,
      answer: undefined,
      stderr: "",
    });
  });

  it("needs neither prevResult nor the pod's namespace", () => {
    site.call("ADD", { pod, config: wired() });
    expect(site.call("DEL").exitCode).toBe(0);
    expect(hostRoutes()).toBe("");
  });

  it("leaves another pod's route alone where a device's name went to another pod", () => {
    const config = wired();
    site.call("ADD", { pod, config });
    expect(site.call("DEL", { containerId: "c2", config }).exitCode).toBe(0);
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });

  it("succeeds quietly for a pod that was never added", () => {
    expect(site.call("DEL", { containerId: "never" })).toEqual({
      exitCode: 0,
      answer: undefined,
      stderr: "",
    });
  });
});

describe("GC", () => {
  it.each([
    [
      "keeps the route of a valid attachment",
      [{ containerID: "c1", ifname: "eth0" }],
      "10.0.0.7 dev veth0 scope link",
    ],
    [
      "takes the route of an attachment that is gone",
      [{ containerID: "c2", ifname: "eth0" }],
      "",
    ],
    ["takes all for an empty list", [], ""],
    ["takes nothing for a null list", null, "10.0.0.7 dev veth0 scope link"],
  ])("%s", (_, list, left) => {
    site.call("ADD", { pod, config: wired() });
    const config = { "cni.dev/valid-attachments": list };
    expect(site.call("GC", { config }).exitCode).toBe(0);
    expect(hostRoutes()).toBe(left);
  });

  it("leaves other networks' attachments alone", () => {
    site.call("ADD", { pod, config: wired() });
    site.call("GC", {
      config: { name: "other", "cni.dev/valid-attachments": [] },
    });
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });
});

describe("an IPv6 pod whose router the host is not", () => {
  const ROUTER = "fd00:0:0:7::1";

  /** As ptp and calico wire it, but for the router's address on the host. */
  function ipv6Pod(gateway = ROUTER): object {
    site.writeCluster("own", {
      podCIDRs: ["10.0.0.0/24", "fd00:0:0:7::/64"],
      nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
    });
    site.writeCluster("office", {
      encryption: "none",
      podCIDRs: ["fd00:99::/64"],
    });
    connect(site.node, "veth0", pod, "eth0");
    // proxy_delay: the kernel waits up to 0.8 s before it answers for others.
    site.node.shell(
      "echo 0 > /proc/sys/net/ipv6/neigh/veth0/proxy_delay; ip addr add fd00:99::1/128 dev lo",
    );
    pod.shell(`ip addr add fd00:0:0:7::7/128 dev eth0 nodad
      ip route add ${gateway} dev eth0; ip route add default via ${gateway} dev eth0`);
    const ips = [{ address: "fd00:0:0:7::7/128", gateway, interface: 1 }];
    return {
      prevResult: {
        cniVersion: "1.1.0",
        interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
        ips,
      },
    };
  }

  function proxies(): unknown {
    return (site.node.ip("-6", "neigh", "show", "proxy") as { dst: string }[])
      .map(({ dst }) => dst)
      .join();
  }

  const reachesFar = (): boolean =>
    pod.try("ping", "-q", "-c1", "-W3", "fd00:99::1").status === 0;

  it("finds it by the host's answer, and not without", () => {
    const config = ipv6Pod();
    expect(reachesFar()).toBe(false);
    expect(site.call("ADD", { pod, config }).exitCode).toBe(0);
    expect(proxies()).toBe(ROUTER);
    pod.shell("ip -6 neigh flush dev eth0");
    expect(reachesFar()).toBe(true);
    expect(site.call("CHECK", { pod, config }).exitCode).toBe(0);
  });

  it.each([
    [
      "the proxy",
      `ip neigh del proxy ${ROUTER} dev veth0`,
      `proxy neighbour ${ROUTER} on veth0`,
    ],
    [
      "proxy_ndp",
      "echo 0 > /proc/sys/net/ipv6/conf/veth0/proxy_ndp",
      "net.ipv6.conf.veth0.proxy_ndp=1",
    ],
  ])("has CHECK name %s when it is missing", (_, damage, named) => {
    expectNamed(ipv6Pod(), damage, named);
  });

  it.each([
    ["DEL", {}],
    ["GC", { "cni.dev/valid-attachments": [] }],
  ])(
    "loses the proxy by %s, and other programs' proxies stay",
    (command, more) => {
      const config = ipv6Pod();
      site.call("ADD", { pod, config });
      site.node.exec(
        "ip",
        "neigh",
        "add",
        "proxy",
        "fd00:5::5",
        "dev",
        "veth0",
      );
      expect(site.call(command, { pod, config: more }).exitCode).toBe(0);
      expect(proxies()).toBe("fd00:5::5");
    },
  );

  it("gets none where the host has the router's address on its link", () => {
    const config = ipv6Pod("fe80::1");
    site.node.exec("ip", "addr", "add", "fe80::1/64", "dev", "eth0", "nodad");
    site.call("ADD", { pod, config });
    expect(proxies()).toBe("fe80::1");
    site.node.exec("ip", "addr", "add", "fe80::1/64", "dev", "veth0", "nodad");
    site.call("ADD", { pod, config });
    expect(proxies()).toBe("");
  });
});
