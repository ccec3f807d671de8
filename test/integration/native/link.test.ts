import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AF_INET6, formatAddress } from "../../../native/address.ts";
import { openRoute } from "../../../native/route/client.ts";
import { binding } from "../../support/binding.ts";
import { namespace } from "../../support/namespace.ts";
import { ipv4, ipv6, routePair } from "../../support/route-pair.ts";

describe("links()", () => {
  it("sees what `ip link` sees", () => {
    using pair = routePair();
    pair.near.shell(`
      ip link add br0 type bridge
      ip link set near0 master br0 mtu 1400
      ip link set near0 alias 'some text'
      ip link property add dev near0 altname a-rather-long-alternative-name`);
    const links = pair.client.links();
    const theirs = pair.near.ip("-details", "link") as IpLink[];
    expect(
      links.map(({ index, name, mtu, kind, up, alias }) => ({
        index,
        name,
        mtu,
        kind,
        up,
        alias,
      })),
    ).toEqual(
      theirs.map((link) => ({
        index: link.ifindex,
        name: link.ifname,
        mtu: link.mtu,
        kind: link.linkinfo?.info_kind,
        up: link.flags.includes("UP"),
        alias: link.ifalias,
      })),
    );
    const [near, bridge] = [pair.client.link("near0"), pair.client.link("br0")];
    expect(near).toMatchObject({
      kind: "veth",
      master: bridge?.index,
      mtu: 1400,
      alias: "some text",
    });
    expect(Buffer.from(near?.address ?? []).toString("hex")).toBe(
      theirs
        .find(({ ifname }) => ifname === "near0")
        ?.address.replaceAll(":", ""),
    );
  });

  it("finds a veth's peer by its index, in the other namespace", () => {
    using pair = routePair();
    const far = openRoute(binding, { netns: pair.far.fd });
    const [near, other] = [pair.client.link("near0"), far.link("far0")];
    far.close();
    expect(near?.peerIndex).toBe(other?.index);
    expect(other?.peerIndex).toBe(near?.index);
    expect(near?.peerNetnsId).toBeGreaterThanOrEqual(0);
  });
});

describe("link()", () => {
  it("finds by index, name and alternative name, and nothing else", () => {
    using pair = routePair();
    pair.near.exec(
      "ip",
      "link",
      "property",
      "add",
      "dev",
      "near0",
      "altname",
      "a-rather-long-alternative-name",
    );
    for (const which of [pair.index, "near0", "a-rather-long-alternative-name"])
      expect(pair.client.link(which)?.name).toBe("near0");
    for (const which of [0, 999, "", "nope0", "no-device-has-this-name-either"])
      expect(pair.client.link(which)).toBeUndefined();
  });
});

describe("changeLink()", () => {
  it("changes state, MTU, master and alias, each by itself", () => {
    using pair = routePair();
    pair.near.exec("ip", "link", "add", "br0", "type", "bridge");
    const master = pair.client.link("br0")?.index ?? 0;
    const { client, index } = pair;
    client.changeLink(index, { mtu: 1333 });
    expect(client.link(index)).toMatchObject({ mtu: 1333, up: true });
    client.changeLink(index, { up: false });
    expect(client.link(index)).toMatchObject({ mtu: 1333, up: false });
    client.changeLink(index, { master });
    expect(client.link(index)).toMatchObject({ master, up: false });
    client.changeLink(index, { master: 0 });
    expect(client.link(index)).not.toHaveProperty("master");
    client.setAlias(index, "x".repeat(255));
    expect(client.link(index)?.alias).toBe("x".repeat(255));
    client.setAlias(index, "");
    expect(client.link(index)).not.toHaveProperty("alias");
    expect(() => {
      client.setAlias(index, "x".repeat(256));
    }).toThrow(/Cannot change device \S*[a-z]\S*: RTM_NEWLINK: E/);
  });
});

describe("deleteLink()", () => {
  it("removes a device once", () => {
    using pair = routePair();
    pair.near.exec("ip", "link", "add", "br9", "type", "bridge");
    const index = pair.client.link("br9")?.index ?? 0;
    pair.client.deleteLink(index);
    expect(pair.near.exec("ip", "-br", "link")).not.toContain("br9");
    expect(() => {
      pair.client.deleteLink(index);
    }).toThrow(
      `a device that is not there (index ${index}): RTM_DELLINK: ENODEV`,
    );
  });
});

describe("addAddress()", () => {
  it("gives and takes an address, as `ip address` sees it", () => {
    using pair = routePair();
    const assigned = {
      index: pair.index,
      address: ipv4("169.254.67.76"),
      prefixLength: 32,
      scope: 254,
    };
    pair.client.addAddress(assigned);
    expect(pair.near.exec("ip", "-o", "-4", "addr", "show", "near0")).toContain(
      "169.254.67.76/32 scope host near0",
    );
    expect(() => {
      pair.client.addAddress(assigned);
    }).toThrow(
      "Cannot add address 169.254.67.76 of device near0: RTM_NEWADDR: EEXIST",
    );
    pair.client.deleteAddress(assigned);
    expect(() => {
      pair.client.deleteAddress(assigned);
    }).toThrow("EADDRNOTAVAIL");
  });
});

describe("addresses()", () => {
  it("sees what `ip address` sees", () => {
    using pair = routePair();
    pair.near.exec(
      "ip",
      "addr",
      "add",
      "10.7.7.7",
      "peer",
      "10.8.8.0/24",
      "dev",
      "near0",
    );
    const theirs = (pair.near.ip("address") as IpAddresses[]).flatMap(
      ({ ifindex, addr_info }) =>
        addr_info.map(
          ({ local, address, prefixlen }) =>
            `${ifindex} ${local}/${prefixlen} ${address ?? ""}`,
        ),
    );
    const ours = pair.client
      .addresses()
      .map(
        ({ index, address, prefixLength, peer }) =>
          `${index} ${formatAddress(address)}/${prefixLength} ${peer ? formatAddress(peer) : ""}`,
      );
    expect(ours.toSorted()).toEqual(theirs.toSorted());
    expect(ours).toContain(`${pair.index} 10.7.7.7/24 10.8.8.0`);
    expect(
      pair.client
        .addresses(AF_INET6)
        .every(({ address }) => address.length === 16),
    ).toBe(true);
  });
});

describe("proxyNeighbours()", () => {
  it("come and go as `ip neigh` sees them", () => {
    using pair = routePair();
    const proxy = {
      index: pair.index,
      address: ipv6("fd000009000000000000000000000077"),
      protocol: 88,
    };
    pair.client.addProxyNeighbour(proxy);
    pair.client.addProxyNeighbour(proxy);
    pair.client.addProxyNeighbour({
      index: pair.index,
      address: ipv4("10.9.9.77"),
    });
    expect(pair.near.ip("-6", "neigh", "show", "proxy")).toMatchObject([
      { dst: "fd00:9::77", dev: "near0" },
    ]);
    expect(pair.client.proxyNeighbours(AF_INET6)).toEqual([proxy]);
    expect(pair.client.proxyNeighbours()).toHaveLength(2);
    pair.client.deleteProxyNeighbour(proxy);
    expect(pair.client.proxyNeighbours(AF_INET6)).toEqual([]);
    expect(() => {
      pair.client.deleteProxyNeighbour(proxy);
    }).toThrow("Cannot delete proxy neighbour fd00:9::77 on device near0");
  });
});

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address: string;
  readonly ifalias?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
  };
}

interface IpAddresses {
  readonly ifindex: number;
  readonly addr_info: readonly {
    readonly local: string;
    readonly address?: string;
    readonly prefixlen: number;
  }[];
}

describe("namespaceId()", () => {
  it("is the number by which a veth names its peer's namespace", () => {
    using pair = routePair();
    const id = pair.client.link("near0")?.peerNetnsId;
    expect(id).toBeDefined();
    expect(pair.client.namespaceId(pair.far.fd)).toBe(id);
    using stranger = namespace();
    expect(pair.client.namespaceId(stranger.fd)).toBeUndefined();
  });

  it("refuses a file that is no namespace", () => {
    using pair = routePair();
    const file = openSync("/dev/null", "r");
    try {
      expect(() => pair.client.namespaceId(file)).toThrow("EINVAL");
    } finally {
      closeSync(file);
    }
  });
});

describe("addressesOf()", () => {
  it("gives one device's, here and in another namespace", () => {
    using pair = routePair();
    pair.far.shell(
      "ip addr add 10.9.0.2/24 dev far0; ip addr add fd09::2/64 dev far0 nodad; ip addr add 10.9.0.9/32 dev lo",
    );
    pair.near.shell("ip addr add 10.9.0.1/24 dev near0");
    const near = pair.client.link("near0");
    const index = near?.peerIndex ?? 0;
    const texts = (device: { index: number; netnsId?: number }) =>
      pair.client
        .addressesOf(device)
        .map(({ address }) => formatAddress(address))
        .filter((text) => !text.startsWith("fe80"));
    const netnsId = near?.peerNetnsId;
    expect(netnsId).toBeDefined();
    expect(texts({ index, ...(netnsId !== undefined && { netnsId }) })).toEqual(
      expect.arrayContaining(["10.9.0.2", "fd09::2"]),
    );
    expect(
      texts({ index, ...(netnsId !== undefined && { netnsId }) }),
    ).not.toContain("10.9.0.9");
    expect(texts({ index: near?.index ?? 0 })).toContain("10.9.0.1");
  });
});
