import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import {
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { wireRouted } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;
let other: Namespace;

beforeEach(() => {
  site = nodeSite(); // its uplink is called eth0, as the pod's interface is
  pod = namespace();
  other = namespace();
  linkOffice(site);
});

afterEach(() => {
  other[Symbol.dispose]();
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

/** Another pod of the node, 10.0.0.8 behind veth9, which crosslink has not been told of. */
function otherPod(): void {
  connect(site.node, "veth9", other, "eth0");
  other.shell("ip addr add 10.0.0.8/32 dev eth0");
}

const ADDRESS = { address: "10.0.0.7/32" };

function config(result: object, cniVersion = "1.0.0"): object {
  return { cniVersion, prevResult: { cniVersion, ...result } };
}

/** Everything on the node that an ADD could change for a pod. */
function nodeState(): string {
  return site.node.shell(`
    ip -oneline -details link show | sed 's/ \\(promiscuity\\|numtxqueues\\) .*//'
    ip route; ip -6 route; ip neigh show proxy
    grep . /proc/sys/net/ipv4/conf/*/proxy_arp /proc/sys/net/ipv6/conf/*/proxy_ndp`);
}

function linked(device: string): void {
  expect(hostRoutes()).toBe(`10.0.0.7 dev ${device} scope link`);
  expect(site.node.exec("ip", "link", "show", device)).toContain(
    "alias crosslink pods c1 eth0",
  );
  expect(proxyArp(device)).toBe("1");
  site.node.exec("ping", "-c1", "-W2", "10.0.0.7");
}

function hostRoutes(): string {
  return site.node.exec("ip", "route", "show", "proto", "88").trim();
}

function proxyArp(device: string): string {
  const path = `/proc/sys/net/ipv4/conf/${device}/proxy_arp`;
  return site.node.exec("cat", path).trim();
}

/** Whatever happens to the node by the first ADD of all has happened: what follows is the pod's. */
function refusedUnchanged(given: object): string {
  site.call("STATUS");
  connect(site.node, "vethw", other, "warm0");
  other.shell("ip addr add 10.0.0.9/32 dev warm0");
  const warm = config({ ips: [{ address: "10.0.0.9/32" }] });
  const environment = { CNI_IFNAME: "warm0" };
  const call = { pod: other, containerId: "w", config: warm, environment };
  expect(site.call("ADD", call).exitCode).toBe(0);
  const before = nodeState();
  const outcome = site.call("ADD", { pod, config: given });
  expect(outcome).toMatchObject({ exitCode: 1, answer: { code: 7 } });
  expect(nodeState()).toBe(before);
  return String(outcome.answer?.["msg"]);
}

describe("ADD finds the host's end by the kernel, whatever prevResult says:", () => {
  it.each([
    ["the pod's interface has no sandbox, and the uplink's name", ["eth0"]],
    ["another pod's end is named as the host's", ["veth9"]],
    ["a bridge and another pod's end are", ["cni0", "veth9"]],
    ["the uplink is, after the right one", ["veth0", "eth0"]],
    ["what does not exist is", ["cali1234"]],
    ["nothing is", []],
  ])("%s", (_, names) => {
    wireRouted(site, pod);
    otherPod();
    site.node.exec("ip", "link", "add", "cni0", "type", "bridge");
    const interfaces = names.map((name) => ({ name }));
    const given = config({ interfaces, ips: [ADDRESS] });
    expect(site.call("ADD", { pod, config: given }).exitCode).toBe(0);
    linked("veth0");
    expect([proxyArp("eth0"), proxyArp("veth9")]).toEqual(["0", "0"]);
    expect(site.call("CHECK", { pod, config: given }).exitCode).toBe(0);
    expect(site.call("DEL", { pod, config: given }).stderr).toBe("");
    expect(hostRoutes()).toBe("");
  });

  it("the address is the uplink's by its position, in 0.4.0", () => {
    wireRouted(site, pod);
    const ips = [{ version: "4", interface: 0, address: "10.0.0.7/24" }];
    const given = config({ interfaces: [{ name: "eth0" }], ips }, "0.4.0");
    expect(site.call("ADD", { pod, config: given }).exitCode).toBe(0);
    linked("veth0");
  });

  it("an interface of another name is asked for by CNI_IFNAME", () => {
    wireRouted(site, pod);
    pod.shell("ip link set eth0 down; ip link set eth0 name pod0 up");
    connect(site.node, "veth1", pod, "eth0");
    const environment = { CNI_IFNAME: "pod0" };
    const given = config({ interfaces: [{ name: "veth1" }], ips: [ADDRESS] });
    const call = { pod, config: given, environment };
    expect(site.call("ADD", call).exitCode).toBe(0);
    expect(hostRoutes()).toBe("10.0.0.7 dev veth0 scope link");
  });
});

describe("ADD refuses, and changes nothing, where the pod's interface", () => {
  const named = { interfaces: [{ name: "veth9" }], ips: [ADDRESS] };

  it.each([
    ["macvlan", "link eth0 type macvlan mode bridge"],
    ["macvtap", "link eth0 type macvtap mode bridge"],
  ])("is a %s device", (kind, words) => {
    otherPod();
    site.node.shell(
      `ip link add eth9 ${words}; ip link set eth9 netns ${pod.name}`,
    );
    pod.shell(
      "ip link set eth9 name eth0 up; ip addr add 10.0.0.7/24 dev eth0",
    );
    expect(refusedUnchanged(config(named))).toContain(`is of kind ${kind}`);
  });

  it("is a tun device", () => {
    otherPod();
    pod.shell("ip tuntap add eth0 mode tun; ip addr add 10.0.0.7/24 dev eth0");
    expect(refusedUnchanged(config(named))).toContain("is of kind tun");
  });

  it("is a macvlan device that has by chance the index that the uplink's peer has", () => {
    const [uplink] = site.node.ip("link", "show", "eth0") as [Indexed];
    const index = String(uplink.link_index);
    site.node.shell(
      `ip link add eth9 link eth0 index ${index} netns ${pod.name} type macvlan mode bridge`,
    );
    pod.shell(
      "ip link set eth9 name eth0 up; ip addr add 10.0.0.7/24 dev eth0",
    );
    expect(refusedUnchanged(config({ ips: [ADDRESS] }))).toContain("macvlan");
  });

  it("has its peer in a third namespace, though two devices have fitting indexes", () => {
    using third = namespace();
    pod.exec(
      ...words(
        `ip link add eth0 index 505 type veth peer name far0 index 606 netns ${third.name}`,
      ),
    );
    pod.shell("ip link set eth0 up; ip addr add 10.0.0.7/32 dev eth0");
    site.node.exec(
      ...words(
        `ip link add veth9 index 606 type veth peer name eth0 index 505 netns ${other.name}`,
      ),
    );
    expect(refusedUnchanged(config(named))).toContain(
      "no device of this node, but of another network namespace",
    );
  });

  it("has its peer beside it", () => {
    pod.shell(
      "ip link add eth0 type veth peer name eth1; ip addr add 10.0.0.7/32 dev eth0",
    );
    expect(refusedUnchanged(config({ ips: [ADDRESS] }))).toContain(
      "no device of this node",
    );
  });

  it("is not there, or CNI_NETNS is none", () => {
    expect(refusedUnchanged(config({ ips: [ADDRESS] }))).toContain(
      `there is no "eth0" in ${pod.path}`,
    );
    const file = join(site.folder, "no-namespace");
    const answer = (path: string) =>
      site.call("ADD", {
        config: config({ ips: [ADDRESS] }),
        environment: { CNI_NETNS: path },
      }).answer;
    const msg = (path: string): unknown => answer(path)?.["msg"];
    expect(answer(pod.path)?.["details"]).toContain("Put it behind one");
    for (const path of [file, site.folder])
      expect(answer(path)?.["details"]).toContain("look at the runtime's log");
    expect(msg(file)).toContain(`there is no ${file}`);
    writeFileSync(file, "");
    const not = "is no network namespace, but";
    expect(msg(file)).toContain(`${file} ${not} an empty file`);
    writeFileSync(file, "text");
    expect(msg(file)).toContain(`${file} ${not} a file`);
    expect(msg(`${file}/pod`)).toContain(`there is no ${file}/pod`);
    expect(msg(site.folder)).toContain(`${site.folder} ${not} a folder`);
    const fifo = join(site.folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    expect(msg(fifo)).toContain(`${fifo} ${not} a FIFO`);
    expect(msg("/dev/null")).toContain(`/dev/null ${not} a device`);
    expect(msg("/proc/self/ns/mnt")).toContain(
      `${not} a namespace of kind mnt`,
    );
    symlinkSync("loop", join(site.folder, "loop"));
    expect(msg(join(site.folder, "loop"))).toContain("there is no ");
    const wild = msg(`/run/a\u001b[2J\n${"x".repeat(5000)}`) as string;
    expect(wild).toContain("there is no /run/a\\u001b[2J\\nxxx");
    expect(wild.length).toBeLessThan(500);
  });

  it("does not have the address that prevResult gives it: another pod's", () => {
    wireRouted(site, pod);
    otherPod();
    const ips = [{ address: "10.0.0.8/32", interface: 0 }];
    const interfaces = [{ name: "eth0", sandbox: pod.path }];
    expect(refusedUnchanged(config({ interfaces, ips }))).toContain(
      "Cannot link pod address 10.0.0.8",
    );
  });
});

describe("a second interface of the pod", () => {
  const interfaces = (path: string) => [
    { name: "veth0" },
    { name: "eth0", sandbox: path },
    { name: "net1", sandbox: path },
  ];

  it.each([
    ["outside of the pod CIDRs", "192.168.77.5", { interface: 2 }],
    ["inside of the pod CIDRs", "10.0.0.77", { interface: 2 }],
    ["that prevResult gives to nobody", "10.0.0.77", {}],
    ["that prevResult gives to CNI_IFNAME", "10.0.0.77", { interface: 1 }],
  ])("has an address %s, which gets no route", (_, address, owner) => {
    wireRouted(site, pod);
    connect(site.node, "veth1", pod, "net1");
    pod.exec("ip", "addr", "add", `${address}/24`, "dev", "net1");
    const ips = [
      { address: `${address}/24`, ...owner },
      { ...ADDRESS, interface: 1 },
    ];
    const given = config({ interfaces: interfaces(pod.path), ips });
    expect(site.call("ADD", { pod, config: given }).exitCode).toBe(0);
    linked("veth0");
    expect(proxyArp("veth1")).toBe("0");
    expect(site.call("CHECK", { pod, config: given }).exitCode).toBe(0);
  });
});

describe("DEL", () => {
  it("takes from no other pod what prevResult says it should", () => {
    wireRouted(site, pod);
    otherPod();
    const alien = config({ ips: [{ address: "10.0.0.8/32" }] });
    const second = { pod: other, containerId: "c9", config: alien };
    site.call("ADD", second);
    site.node.exec("ip", "link", "set", "veth9", "alias", "somebody's");
    const lie = config({ interfaces: [{ name: "veth9" }], ips: [ADDRESS] });
    site.call("ADD", { pod, config: lie });
    expect(site.call("DEL", { pod, config: lie }).exitCode).toBe(0);
    expect(hostRoutes()).toBe("10.0.0.8 dev veth9 scope link");
  });

  it("leaves a device alone that bears a pod's label and is none", () => {
    site.node.shell(`
      ip link add br0 type bridge; ip link set br0 up
      ip link set br0 alias "crosslink pods c1 eth0"
      ip route add 10.0.0.50 dev br0 proto 88 scope link`);
    expect(site.call("DEL").exitCode).toBe(0);
    const config = { "cni.dev/valid-attachments": [] };
    expect(site.call("GC", { config }).exitCode).toBe(0);
    expect(hostRoutes()).toBe("10.0.0.50 dev br0 scope link");
  });
});

interface Indexed {
  readonly link_index: number;
}

function words(line: string): [string, ...string[]] {
  const [program = "", ...rest] = line.split(" ");
  return [program, ...rest];
}
