import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseNetwork } from "../../../conf/network.ts";
import { openRoute } from "../../../native/route/client.ts";
import { NETLINK_XFRM } from "../../../native/index.ts";
import { openXfrm } from "../../../native/xfrm/client.ts";
import { type Changes, listen } from "../../../plugin/agent/changes.ts";
import {
  judgePolicy,
  POLICY_GROUPS,
} from "../../../plugin/agent/watch/bypass.ts";
import { type Effect, worst } from "../../../plugin/agent/watch/effect.ts";
import { netlinkSource } from "../../../plugin/agent/watch/source.ts";
import { silent } from "../../../plugin/kernel/log.ts";
import { binding } from "../../support/binding.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import { until } from "../../support/until.ts";
import { policy as protecting } from "../../support/xfrm/xfrm.ts";

let node: Namespace;
let pod: Namespace;
let folder: string;
let changes: Changes;
let told = 0;

beforeEach(() => {
  node = namespace();
  pod = namespace();
  folder = mkdtempSync(join(tmpdir(), "crosslink-watch-"));
  mkdirSync(join(folder, "clusters.d"));
  connect(node, "eth0", pod, "up0");
  node.shell(
    "ip addr add 172.17.1.2/24 dev eth0; ip route add default via 172.17.1.1",
  );
  told = 0;
  changes = listen(
    {
      kernel: { binding, netns: node.fd },
      conflists: { folder: join(folder, "net.d") },
      log: silent,
    },
    () => {
      told += 1;
    },
  );
  follow();
  poll();
});

afterEach(() => {
  changes.close();
  node[Symbol.dispose]();
  pod[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** The worst of all that was queued. */
function poll(): Effect {
  return worst(Object.values(changes.poll()));
}

function follow(): void {
  changes.followFiles(
    parseNetwork({
      type: "crosslink",
      clustersDir: join(folder, "clusters.d"),
      keyring: join(folder, "keyring.json"),
    }),
    { flannel: true },
  );
  const route = openRoute(binding, { netns: node.fd });
  changes.followLinks(route.routes({ family: 2, table: 254 }));
  route.close();
}

/** What a script's doing means, once what stands before it is taken note of. */
function effectOf(script: string, before = ":"): Effect {
  node.shell(before);
  follow();
  poll();
  node.shell(script);
  return poll();
}

const policy = "src 10.1.0.0/16 dst 10.2.0.0/16 dir out";
const nftables = `
  nft add table ip crosslink
  nft add set ip crosslink local '{ type ipv4_addr; flags interval; elements = { 10.0.0.0/24 }; }'
  nft add table ip other
  nft add set ip other names '{ type ipv4_addr; elements = { 10.0.0.1 }; }'
  iptables-nft -t nat -A POSTROUTING -s 10.9.0.0/16 -m comment --comment crosslink -j RETURN
  iptables-nft -t nat -A POSTROUTING -s 10.8.0.0/16 -j RETURN`;

describe("poll()", () => {
  it.each<[string, string, Effect, string?]>([
    [
      "an xfrm policy that comes",
      `ip xfrm policy add ${policy} action block priority 17299`,
      "nothing",
    ],
    [
      "an xfrm policy that goes",
      `ip xfrm policy delete ${policy}`,
      "harm",
      `ip xfrm policy add ${policy} action block`,
    ],
    [
      "a flushed xfrm database",
      "ip xfrm policy flush",
      "harm",
      `ip xfrm policy add ${policy} action block`,
    ],
    [
      "an updated xfrm policy",
      `ip xfrm policy update ${policy} action allow`,
      "harm",
      `ip xfrm policy add ${policy} action block`,
    ],
    ["our table deleted", "nft delete table ip crosslink", "harm", nftables],
    ["all tables deleted", "nft flush ruleset", "harm", nftables],
    [
      "an element of our set deleted",
      "nft delete element ip crosslink local '{ 10.0.0.0/24 }'",
      "harm",
      nftables,
    ],
    [
      "rules flushed, ours among them",
      "iptables-nft -t nat -F",
      "harm",
      nftables,
    ],
    [
      "our rule in another's table deleted",
      "iptables-nft -t nat -D POSTROUTING 1",
      "harm",
      nftables,
    ],
    [
      "another's rule deleted",
      "iptables-nft -t nat -D POSTROUTING 2",
      "change",
      nftables,
    ],
    [
      "another's rule added",
      "iptables-nft -t nat -A POSTROUTING -s 10.7.0.0/16 -j MASQUERADE",
      "change",
      nftables,
    ],
    [
      "another's table deleted",
      "nft delete table ip other",
      "change",
      nftables,
    ],
    [
      "an element of another's set",
      "nft add element ip other names '{ 10.0.0.2 }'; nft delete element ip other names '{ 10.0.0.1 }'",
      "nothing",
      nftables,
    ],
    [
      "our route deleted",
      "ip route del 10.5.0.0/16",
      "harm",
      "ip route add 10.5.0.0/16 via 172.17.1.1 proto 88",
    ],
    [
      "our route of one remote address deleted",
      "ip route del 10.5.0.1",
      "harm",
      "ip route add 10.5.0.1 via 172.17.1.1 proto 88",
    ],
    [
      "a pod's route of ours deleted",
      "ip route del 10.5.0.1",
      "nothing",
      "ip route add 10.5.0.1 dev eth0 proto 88",
    ],
    [
      "another's route to a network",
      "ip route add 10.5.0.0/16 via 172.17.1.1",
      "change",
    ],
    [
      "a block of calico's",
      "ip route add blackhole 10.5.0.0/26 proto bird",
      "change",
    ],
    ["the default route", "ip route del default", "change"],
    [
      "a route in another table",
      "ip route add 10.5.0.0/16 via 172.17.1.1 table 77",
      "nothing",
    ],
    [
      "a pod that comes and goes",
      "ip link add veth9 type veth peer name peer9; ip link set veth9 up; ip link set peer9 up; ip addr add 10.0.0.1/32 dev veth9; ip route add 10.0.0.9 dev veth9 proto 88; sleep 0.1; ip link del veth9",
      "nothing",
    ],
    ["a device of the node that goes down", "ip link set eth0 down", "change"],
    ["another MTU of the node's device", "ip link set eth0 mtu 1400", "change"],
    [
      "another address of the node",
      "ip addr add 172.17.1.3/24 dev eth0",
      "change",
    ],
    [
      "forwarding switched off",
      "echo 0 > /proc/sys/net/ipv4/ip_forward",
      "harm",
      "echo 1 > /proc/sys/net/ipv4/ip_forward",
    ],
    [
      "IPv6 forwarding switched off",
      "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
      "harm",
      "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
    ],
    [
      "proxy-ARP of one device",
      "echo 1 > /proc/sys/net/ipv4/conf/eth0/proxy_arp",
      "nothing",
    ],
  ])("judges %s", (_, script, effect, before) => {
    expect(effectOf(script, before)).toBe(effect);
    expect(poll()).toBe("nothing");
  });

  it("is asked for by the event loop too", async () => {
    const before = told;
    node.shell(
      `ip xfrm policy add ${policy} action block; ip xfrm policy flush`,
    );
    await until(() => told > before);
    expect(poll()).toBe("harm");
  });

  const write = (...path: string[]) => {
    writeFileSync(join(folder, ...path), "{}");
  };

  it.each<[string, () => void, Effect]>([
    [
      "a new cluster file",
      () => {
        write("clusters.d", "a.json");
      },
      "harm",
    ],
    [
      "a keyring put in place",
      () => {
        write("new");
        renameSync(join(folder, "new"), join(folder, "keyring.json"));
      },
      "harm",
    ],
    [
      "another file beside the keyring",
      () => {
        write("log");
      },
      "nothing",
    ],
    [
      "the folder gone",
      () => {
        rmSync(join(folder, "clusters.d"), { recursive: true });
      },
      "harm",
    ],
    [
      "a folder of conflists that appears",
      () => {
        mkdirSync(join(folder, "net.d"));
      },
      "harm",
    ],
  ])("judges %s", (_, act, effect) => {
    act();
    expect(poll()).toBe(effect);
    expect(poll()).toBe("nothing");
  });

  it("follows slices of a cluster, in a sub-folder that comes and goes", () => {
    const slices = join(folder, "clusters.d", "a.d");
    mkdirSync(slices);
    expect(poll()).toBe("harm");
    follow();
    write("clusters.d", "a.d", "1.json");
    expect(poll()).toBe("harm");
    follow();
    for (const change of [
      () => {
        writeFileSync(join(slices, "1.json"), '{"nodes": []}');
      },
      () => {
        writeFileSync(join(slices, "new"), "{}");
        renameSync(join(slices, "new"), join(slices, "1.json"));
      },
      () => {
        rmSync(join(slices, "1.json"));
      },
      () => {
        rmSync(slices, { recursive: true });
      },
    ]) {
      change();
      expect(poll()).toBe("harm");
      follow();
      poll();
    }
  });

  it("follows files through links, as Kubernetes swaps them", () => {
    const volume = join(folder, "clusters.d");
    for (const version of ["v1", "v2"]) {
      mkdirSync(join(volume, `..${version}`));
      writeFileSync(join(volume, `..${version}`, "a.json"), version);
    }
    symlinkSync("..v1", join(volume, "..data"));
    symlinkSync("..data/a.json", join(volume, "a.json"));
    follow();
    poll();
    symlinkSync("..v2", join(volume, "..new"));
    renameSync(join(volume, "..new"), join(volume, "..data"));
    expect(poll()).toBe("harm");
  });

  it("follows a keyring that is a link to another folder", () => {
    mkdirSync(join(folder, "secret"));
    write("secret", "keyring.json");
    symlinkSync("secret/keyring.json", join(folder, "keyring.json"));
    follow();
    poll();
    write("secret", "keyring.json");
    expect(poll()).toBe("harm");
  });

  it("finds a folder that was missing with its parents", () => {
    rmSync(join(folder, "clusters.d"), { recursive: true });
    const clustersDir = join(folder, "a", "b", "clusters.d");
    const config = parseNetwork({ type: "crosslink", clustersDir });
    for (const step of ["a", "a/b", "a/b/clusters.d"]) {
      changes.followFiles(config, { flannel: true });
      poll();
      mkdirSync(join(folder, step));
      expect(poll()).toBe("harm");
    }
  });
});

describe("what this process did itself", () => {
  it("is passed over, and what another did meanwhile is told", () => {
    const ours = openXfrm(binding, { netns: node.fd });
    ours.addPolicy(protecting);
    poll();
    changes.wasTouched();
    ours.deletePolicy(protecting);
    changes.passOver(ours.mark);
    expect([poll(), changes.wasTouched()]).toEqual(["nothing", false]);
    ours.addPolicy(protecting);
    node.shell("ip xfrm policy flush");
    changes.passOver(ours.mark);
    expect([poll(), changes.wasTouched()]).toEqual(["harm", true]);
    ours.close();
  });

  it("calls back for what another did meanwhile, though it is read already", async () => {
    const ours = openXfrm(binding, { netns: node.fd });
    ours.addPolicy(protecting);
    poll();
    told = 0;
    node.shell("ip xfrm policy flush");
    changes.passOver(ours.mark);
    ours.close();
    await until(() => told > 0);
    expect(poll()).toBe("harm");
  });

  it("a changed file touches nothing but files", () => {
    changes.wasTouched();
    writeFileSync(join(folder, "clusters.d", "a.json"), "{}");
    expect([poll(), changes.wasTouched()]).toEqual(["harm", false]);
  });
});

it("policies of ours that come and go are no reason to look for bypasses, and others' are", () => {
  const topic = { protocol: NETLINK_XFRM, groups: POLICY_GROUPS };
  const source = netlinkSource(
    { binding, netns: node.fd },
    { ...topic, judge: judgePolicy },
  );
  const place = "src 10.0.0.0/24 dst 10.9.0.0/16 dir out";
  const effects = [17200, 17299, 3].map((priority) => {
    node.shell(`ip xfrm policy add ${place} priority ${String(priority)}`);
    const came = source.drain();
    node.shell(`ip xfrm policy delete ${place}`);
    return [came, source.drain()];
  });
  source.close();
  expect(effects).toEqual([
    ["nothing", "nothing"],
    ["nothing", "nothing"],
    ["change", "change"],
  ]);
});
