import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAddress, parseCidr } from "../../../ip/cidr.ts";
import type { Mesh } from "../../../ipam/mesh.ts";
import {
  addressesOf,
  type Answer,
  type Call,
  callHandlers,
  temporary,
} from "../../support/ipam/call.ts";
import { readStore, reservations } from "../../support/ipam/store.ts";

/** A network in a store of its own. */
function network(
  ipam: object = { subnet: "10.1.2.0/29" },
  mesh?: Partial<Mesh>,
) {
  const store = temporary();
  const whole = {
    podCidrs: () => [],
    remote: () => [],
    nodeAddresses: () => [],
    ...mesh,
  };
  return {
    directory: join(store.path, "podnet"),
    call: (command: Call["command"], id = "", more: object = {}): Answer => {
      const config = {
        cniVersion: "1.1.0",
        name: "podnet",
        ipam: { type: "crosslink-ipam", dataDir: store.path, ...ipam },
        ...more,
      };
      return callHandlers(
        { command, id, config },
        { mesh: () => (mesh ? whole : undefined) },
      );
    },
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
    },
  };
}

describe("ADD", () => {
  it("makes folders 0755 and files 0600", () => {
    using net = network();
    net.call("ADD", "a");
    const mode = (path: string): number => statSync(path).mode & 0o7777;
    expect(mode(net.directory)).toBe(0o755);
    const names = readdirSync(net.directory).sort();
    expect(names).toEqual(["10.1.2.2", "last_reserved_ip.0", "lock"]);
    for (const name of names)
      expect(mode(join(net.directory, name))).toBe(0o600);
  });

  it("takes this node's pod CIDRs where there are no ranges", () => {
    const podCidrs = () => [parseCidr("10.7.0.0/24"), parseCidr("fd07::/64")];
    for (const ipam of [{}, { subnet: "auto" }]) {
      using net = network(ipam, { podCidrs });
      expect(addressesOf(net.call("ADD", "a"))).toEqual([
        "10.7.0.2",
        "fd07::2",
      ]);
      expect(net.call("STATUS").code).toBe(0);
    }
  });

  it("says what is missing where nobody knows the pod CIDR", () => {
    using net = network({});
    expect(net.call("ADD", "a").output).toMatchObject({
      code: 7,
      msg: "Cannot allocate: no IP ranges specified, and this node's pod CIDR is unknown",
    });
  });

  it("refuses a range that another cluster has, and takes nothing", () => {
    const remote = () => [
      { cluster: "cluster2", cidr: parseCidr("10.1.0.0/16") },
    ];
    using net = network({ subnet: "10.1.2.0/29" }, { remote });
    for (const command of ["ADD", "STATUS"] as const) {
      const { output } = net.call(command, "a");
      expect(output?.code).toBe(7);
      expect(output?.msg).toMatch(
        /network "podnet".*10\.1\.0\.0\/16 of cluster "cluster2"/,
      );
    }
    expect(existsSync(net.directory)).toBe(false);
  });

  it("never gives a node's address, nor one on request", () => {
    const nodeAddresses = () =>
      ["10.1.2.2", "10.1.2.4"].map((text) => parseAddress(text).bytes);
    using net = network({ subnet: "10.1.2.0/29" }, { nodeAddresses });
    const given = ["a", "b", "c"].map((id) => addressesOf(net.call("ADD", id)));
    expect(given.flat()).toEqual(["10.1.2.3", "10.1.2.5", "10.1.2.6"]);
    expect(net.call("ADD", "d").output?.code).toBe(50);
    const more = { runtimeConfig: { ips: ["10.1.2.4"] } };
    expect(net.call("ADD", "d", more).output?.msg).toContain(
      "10.1.2.4 is a node's address",
    );
  });

  it("puts resolv.conf into dns", () => {
    using folder = temporary();
    const resolvConf = join(folder.path, "resolv.conf");
    writeFileSync(resolvConf, "nameserver 10.0.0.10\n");
    using net = network({ subnet: "10.1.2.0/29", resolvConf });
    expect(net.call("ADD", "a").output).toMatchObject({
      dns: { nameservers: ["10.0.0.10"] },
    });
  });
});

describe("DEL", () => {
  it("succeeds before ADD, twice, and without a mesh", () => {
    using net = network({});
    expect(net.call("DEL", "a")).toEqual({ code: 0 });
    expect(net.call("DEL", "a")).toEqual({ code: 0 });
  });

  it("frees addresses that are in no range any more", () => {
    using net = network();
    net.call("ADD", "a");
    writeFileSync(join(net.directory, "192.168.9.9"), "a\r\neth0");
    expect(net.call("DEL", "a")).toEqual({ code: 0 });
    expect(reservations(net.directory)).toEqual({});
  });

  it("leaves other interfaces, other containers and other files alone", () => {
    using net = network();
    net.call("ADD", "a");
    const others = {
      "10.1.2.3": "a\r\neth1",
      "10.1.2.4": "ab\r\neth0",
      "10.1.2.5": "a\r\neth0\r\nmore",
      "10.1.2.6": "",
      "10.1.2.2.bak": "a\r\neth0",
    };
    for (const [name, content] of Object.entries(others))
      writeFileSync(join(net.directory, name), content);
    net.call("DEL", "a");
    expect(reservations(net.directory)).toEqual(others);
  });
});

describe("a long container ID", () => {
  it("is found again, whatever its length", () => {
    using net = network();
    for (const length of [500, 505, 506, 507, 512, 100_000]) {
      const id = "i".repeat(length);
      expect(addressesOf(net.call("ADD", id))).toHaveLength(1);
      expect(net.call("CHECK", id)).toEqual({ code: 0 });
      expect(net.call("DEL", id)).toEqual({ code: 0 });
      expect(reservations(net.directory)).toEqual({});
    }
  });
});

describe("CHECK", () => {
  const previous = (...addresses: readonly string[]) => ({
    prevResult: {
      cniVersion: "1.1.0",
      interfaces: [
        { name: "veth1" },
        { name: "eth0", sandbox: "/x" },
        { name: "eth9", sandbox: "/x" },
      ],
      ips: addresses.map((address) => ({ address, interface: 1 })),
    },
  });

  it("compares prevResult's addresses with the store", () => {
    using net = network();
    net.call("ADD", "a");
    expect(net.call("CHECK", "a", previous("10.1.2.2/29"))).toEqual({
      code: 0,
    });
    for (const wrong of [
      ["10.1.2.3/29"],
      ["10.1.2.2/29", "10.1.2.3/29"],
      ["192.168.7.7/24"],
    ]) {
      expect(net.call("CHECK", "a", previous(...wrong)).output?.code).toBe(103);
    }
    expect(net.call("CHECK", "a", previous("10.1.2.3/29")).output?.msg).toBe(
      'Cannot find the address of container "a", interface "eth0": prevResult has 10.1.2.3, the store 10.1.2.2',
    );
  });

  it("allows addresses that a later plugin added", () => {
    using net = network();
    net.call("ADD", "a");
    expect(
      net.call("CHECK", "a", previous("10.1.2.2/29", "192.168.7.7/24")),
    ).toEqual({ code: 0 });
    const { prevResult } = previous("10.1.2.2/29");
    const other = { address: "10.1.2.3/29", interface: 2 };
    const more = {
      prevResult: { ...prevResult, ips: [...prevResult.ips, other] },
    };
    expect(net.call("CHECK", "a", more)).toEqual({ code: 0 });
  });

  it("needs an address of this very interface, or a file from before interfaces were", () => {
    using net = network();
    expect(net.call("CHECK", "a").output?.code).toBe(103);
    writeFileSync(join(net.directory, "10.1.2.3"), "a\r\neth1");
    expect(net.call("CHECK", "a").output?.code).toBe(103);
    writeFileSync(join(net.directory, "10.1.2.4"), "a");
    expect(net.call("CHECK", "a")).toEqual({ code: 0 });
  });
});

describe("GC", () => {
  const files = {
    "10.1.2.2": "a\r\neth0",
    "10.1.2.3": "a\r\neth1",
    "10.1.2.4": "b",
    "10.1.2.5": "",
    "10.1.2.6": "not a reservation",
    "fd00::2": "c\r\neth0",
    "last_reserved_ip.0": "10.1.2.6",
    lock: "",
    "notes.txt": "a\r\neth0",
  };

  function collect(more: object): Record<string, string> {
    using net = network();
    mkdirSync(net.directory, { recursive: true });
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(net.directory, name), content);
    expect(net.call("GC", "", more)).toEqual({ code: 0 });
    return readStore(net.directory);
  }

  it.each([{}, { "cni.dev/valid-attachments": null }])(
    "does nothing for %j",
    (more) => {
      expect(collect(more)).toEqual(files);
    },
  );

  it("frees what is not in the list, and what nobody owns", () => {
    const valid = [
      { containerID: "a", ifname: "eth0" },
      { containerID: "b", ifname: "eth7" },
    ];
    const { "10.1.2.3": _, "10.1.2.5": __, "fd00::2": ___, ...kept } = files;
    expect(collect({ "cni.dev/valid-attachments": valid })).toEqual(kept);
  });

  it("frees everything but what is no reservation when the list is empty", () => {
    expect(
      Object.keys(collect({ "cni.dev/valid-attachments": [] })).sort(),
    ).toEqual(["10.1.2.6", "last_reserved_ip.0", "lock", "notes.txt"]);
  });

  it("touches no other network, and makes no folder", () => {
    using net = network();
    const other = join(net.directory, "../other");
    mkdirSync(other);
    writeFileSync(join(other, "10.1.2.2"), "gone\r\neth0");
    expect(net.call("GC", "", { "cni.dev/valid-attachments": [] })).toEqual({
      code: 0,
    });
    expect(existsSync(net.directory)).toBe(false);
    expect(readStore(other)).toEqual({ "10.1.2.2": "gone\r\neth0" });
  });
});

describe("STATUS", () => {
  it("is 50 once a range set is exhausted, and only then", () => {
    using net = network({
      ranges: [[{ subnet: "fd00::/64" }], [{ subnet: "10.1.2.0/30" }]],
    });
    expect(net.call("STATUS")).toEqual({ code: 0 });
    net.call("ADD", "a");
    expect(net.call("STATUS").output).toMatchObject({
      code: 50,
      msg: "Cannot serve ADD: no IP addresses available in range set: 10.1.2.1-10.1.2.2",
    });
    net.call("DEL", "a");
    expect(net.call("STATUS")).toEqual({ code: 0 });
  });
});
