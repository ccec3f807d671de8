import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatAddress, formatPrefix } from "../../../../native/address.ts";
import {
  XFRM_POLICY_ICMP,
  XFRM_POLICY_LOCALOK,
} from "../../../../native/xfrm/constants.ts";
import { addPolicy } from "../../../../native/xfrm/request.ts";
import { openXfrm, type XfrmClient } from "../../../../native/xfrm/client.ts";
import type {
  ObservedPolicy,
  SecurityPolicy,
} from "../../../../native/xfrm/sp.ts";
import { binding } from "../../../support/binding.ts";
import { type Namespace, namespace } from "../../../support/namespace.ts";
import { ip, policy, prefix, template } from "../../../support/xfrm/xfrm.ts";

let netns: Namespace;
let xfrm: XfrmClient;

/** Every field set, and no two values alike. */
const everything: SecurityPolicy = {
  selector: {
    source: prefix("2001:db8:a::/48"),
    destination: prefix("2001:db8:b::/56"),
    protocol: 6,
    sourcePort: 4321,
    destinationPort: 8765,
    interfaceIndex: 1,
  },
  direction: "in",
  action: "allow",
  priority: 17200,
  templates: [
    {
      source: ip("2001:db8:1::2"),
      destination: ip("2001:db8:2::3"),
      spi: 0x020000bb,
      reqid: 0x434c0304,
      mode: "transport",
      optional: true,
    },
    {
      source: ip("2001:db8:1::4"),
      destination: ip("2001:db8:2::5"),
      reqid: 0x434c0607,
      mode: "transport",
    },
  ],
  index: 16,
  mark: { value: 0x1234, mask: 0xffff },
  ifId: 0x5678,
  flags: XFRM_POLICY_LOCALOK | XFRM_POLICY_ICMP,
};

beforeEach(() => {
  netns = namespace();
  xfrm = openXfrm(binding, { netns: netns.fd });
});

afterEach(() => {
  xfrm.close();
  netns[Symbol.dispose]();
});

describe("one policy", () => {
  test("addPolicy() adds what ip shows, and policies() reads it back", () => {
    xfrm.addPolicy(everything);
    expect(listedByIp()).toMatchInlineSnapshot(`
      "src 2001:db8:a::/48 dst 2001:db8:b::/56 proto tcp sport 4321 dport 8765 dev lo 
      	dir in priority 17200 ptype main flag localok icmp
      	mark 0x1234/0xffff 
      	tmpl src 2001:db8:1::2 dst 2001:db8:2::3
      		proto esp spi 0x020000bb reqid 1129054980 mode transport
      		level use 
      	tmpl src 2001:db8:1::4 dst 2001:db8:2::5
      		proto esp reqid 1129055751 mode transport
      	if_id 0x5678
      "
    `);
    expect(xfrm.policies()).toEqual([observed(everything)]);
    expect(xfrm.getPolicy(everything)).toEqual(observed(everything));
  });

  test("policies that ip added are read, several templates included", () => {
    netns.shell(`
      ip xfrm policy add src 10.0.0.0/24 dst 10.0.1.0/25 dir fwd priority 5 \\
        tmpl src 172.17.1.2 dst 203.0.113.2 proto esp reqid 7 mode tunnel \\
        tmpl src 172.17.1.2 dst 203.0.113.2 proto ah spi 0x9 reqid 8 mode transport level use
      ip xfrm policy add dst 10.0.1.0/24 dir out action block priority 17299
      ip xfrm policy add dst 10.0.2.0/24 dir out limit packet-hard 100
      ip xfrm policy add dst 10.0.3.0/24 dir out ptype sub
    `);
    const at = (text: string) =>
      xfrm
        .policies()
        .find(({ selector }) => formatPrefix(selector.destination) === text);
    expect(at("10.0.1.0/25")).toMatchObject({
      direction: "fwd",
      priority: 5,
      templates: [
        { ...template, reqid: 7 },
        {
          ...template,
          reqid: 8,
          protocol: 51,
          spi: 9,
          mode: "transport",
          optional: true,
        },
      ],
      foreign: [],
    });
    expect(at("10.0.1.0/24")).toMatchObject({
      selector: { source: prefix("0.0.0.0/0") },
      action: "block",
      templates: [],
      foreign: [],
    });
    expect(at("10.0.2.0/24")?.foreign).toEqual(["lifetime limits"]);
    expect(at("10.0.3.0/24")?.foreign).toEqual(["policy of the sub database"]);
  });

  test("the policy of a socket is foreign", () => {
    const info = Buffer.from(addPolicy({ ...policy, templates: [] }).body);
    // setsockopt(2): IPPROTO_IP 0, IP_XFRM_POLICY 17 (include/uapi/linux/in.h).
    netns.shell(`
      perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); setsockopt(S, 0, 17, pack("H*", shift)) or die $!; sleep 60' \
        ${info.toString("hex")} >/dev/null 2>&1 &
      for _ in $(seq 100); do ip xfrm policy | grep -q "socket out" && exit; sleep 0.1; done
      echo "no socket policy appeared" >&2; exit 1
    `);
    expect(xfrm.policies()).toMatchObject([
      { direction: "socket out", foreign: ["policy of one socket"] },
    ]);
  });

  test("addPolicy() is EEXIST for the same selector at another priority; updatePolicy() takes its place", () => {
    xfrm.addPolicy(policy);
    const again = { ...policy, priority: 5 };
    expect(() => {
      xfrm.addPolicy(again);
    }).toThrow(
      "Cannot add policy dir out src 10.0.0.0/24 dst 10.0.1.0/25: XFRM_MSG_NEWPOLICY: EEXIST (File exists)",
    );
    xfrm.updatePolicy(again);
    expect(xfrm.policies()).toMatchObject([again]);
    expect(xfrm.countPolicies()).toEqual({ in: 0, out: 1, fwd: 0 });
  });

  test("direction, mark and ifId make another policy of the same selector", () => {
    const mark = { value: 1, mask: 0xff };
    const all: SecurityPolicy[] = [
      policy,
      { ...policy, direction: "in" },
      { ...policy, mark },
      { ...policy, ifId: 9 },
    ];
    expect(xfrm.addPolicies(all)).toEqual(all.map(() => undefined));
    xfrm.deletePolicy({ ...policy, mark });
    const left = xfrm.policies();
    expect(left).toHaveLength(3);
    expect(left.map((found) => found.mark)).not.toContainEqual(mark);
    expect(xfrm.getPolicy({ ...policy, mark })).toBeUndefined();
    expect(xfrm.getPolicy({ ...policy, ifId: 9 })).toMatchObject({ ifId: 9 });
  });

  test("updatePolicy() adds where there is none", () => {
    xfrm.updatePolicy(policy);
    expect(xfrm.policies()).toMatchObject([policy]);
  });

  test("deletePolicy() is ENOENT where there is none; getPolicy() undefined", () => {
    expect(() => {
      xfrm.deletePolicy(policy);
    }).toThrow(expect.objectContaining({ code: "ENOENT" }));
    expect(xfrm.getPolicy(policy)).toBeUndefined();
  });

  test("the kernel's own words reach the error", () => {
    expect(() => {
      xfrm.addPolicy({ ...policy, index: 16 });
    }).toThrow(/EINVAL.*Policy index doesn't match direction/u);
  });
});

describe("3,000 policies", () => {
  const many = Array.from({ length: 1000 }, (_, index) => {
    const [high, low] = [index >> 8, index & 255];
    const source = prefix("10.0.0.0/24");
    const destination = prefix(`11.${high}.${low}.0/24`);
    const templates = [
      { ...template, destination: ip(`203.0.${high}.${low}`) },
    ];
    return (["in", "out", "fwd"] as const).map((direction) => ({
      ...policy,
      direction,
      selector: { source, destination },
      templates,
    }));
  }).flat();

  test("are added, listed as ip lists them, updated and deleted", () => {
    expect(xfrm.addPolicies(many).filter(Boolean)).toEqual([]);
    const found = xfrm.policies();
    expect(found.map(withoutTimes)).toEqual(many.map(withoutTimes).reverse());
    expect(found.map(asIpShows)).toEqual(listedByIp().split(/(?<=\n)(?=src)/u));

    const blocked = many.map((given) => ({
      ...given,
      action: "block" as const,
      templates: [],
    }));
    expect(xfrm.updatePolicies(blocked).filter(Boolean)).toEqual([]);
    expect(xfrm.policies().every(({ action }) => action === "block")).toBe(
      true,
    );
    expect(xfrm.countPolicies()).toEqual({ in: 1000, out: 1000, fwd: 1000 });

    expect(xfrm.deletePolicies(many).filter(Boolean)).toEqual([]);
    expect(xfrm.policies()).toEqual([]);
  });

  test("that fail one by one leave the others alone", () => {
    const third = many.filter((_, index) => index % 3 === 0);
    xfrm.addPolicies(third);
    const codes = xfrm.addPolicies(many).map((error) => error?.code);
    expect(codes).toEqual(
      many.map((_, index) => (index % 3 === 0 ? "EEXIST" : undefined)),
    );
    expect(xfrm.policies()).toHaveLength(many.length);
  });
});

function listedByIp(): string {
  return netns.exec("ip", "-d", "xfrm", "policy", "list");
}

/** What policies() must give for a policy that was added with an index. */
function observed(given: SecurityPolicy): unknown {
  return {
    ...given,
    current: {
      bytes: 0n,
      packets: 0n,
      addTimeSeconds: expect.any(BigInt) as bigint,
      useTimeSeconds: 0n,
    },
    foreign: [],
  };
}

/** Without what the kernel chooses. */
function withoutTimes(policy: SecurityPolicy | ObservedPolicy): unknown {
  const { selector, direction, action, priority, templates } = policy;
  return { selector, direction, action, priority, templates };
}

/** As `ip -d xfrm policy list` prints a policy with one template. */
function asIpShows({
  selector,
  direction,
  priority,
  templates,
}: ObservedPolicy) {
  const { source, destination, reqid } = templates[0] ?? template;
  return [
    `src ${formatPrefix(selector.source)} dst ${formatPrefix(selector.destination)} `,
    `\tdir ${direction} priority ${priority} ptype main `,
    `\ttmpl src ${formatAddress(source)} dst ${formatAddress(destination)}`,
    `\t\tproto esp reqid ${reqid} mode tunnel`,
    "",
  ].join("\n");
}
