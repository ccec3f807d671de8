import { signOf } from "../../../plugin/reconcile/sentence.ts";
import { describe, expect, it } from "vitest";
import {
  applySnat,
  describeSnat,
  observeSnat,
  planSnat,
} from "../../../plugin/netfilter/snat.ts";
import { PAIRS, pairs, POD, POD6, testbed } from "./testbed.ts";

const RETURN4 = [
  "-A POSTROUTING -s 10.1.0.0/24 -d 10.2.0.0/20 -m mark ! --mark 0x4000/0x4000 -m comment --comment crosslink -j RETURN",
  "-A POSTROUTING -s 10.2.0.0/20 -d 10.1.0.0/24 -m mark ! --mark 0x4000/0x4000 -m comment --comment crosslink -j RETURN",
];
const RETURN6 = [
  "-A POSTROUTING -s fd00:1::/64 -d fd00:2::/52 -m mark ! --mark 0x4000/0x4000 -m comment --comment crosslink -j RETURN",
  "-A POSTROUTING -s fd00:2::/52 -d fd00:1::/64 -m mark ! --mark 0x4000/0x4000 -m comment --comment crosslink -j RETURN",
];
const MASQUERADE = "-A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE";

type Bed = ReturnType<typeof testbed>;
type Program =
  "iptables-nft" | "ip6tables-nft" | "iptables-legacy" | "ip6tables-legacy";

function rules(bed: Bed, program: Program): string[] {
  return bed.node
    .exec(program, "-t", "nat", "-S", "POSTROUTING")
    .split("\n")
    .filter((line) => line.startsWith("-A"));
}

describe.each(["nft", "legacy"] as const)("RETURN rules in %s", (backend) => {
  const iptables = `iptables-${backend}` as const;
  const ip6tables = `ip6tables-${backend}` as const;
  const masquerading = () => {
    const bed = testbed();
    bed.node.shell(`${iptables} -t nat ${MASQUERADE}
      ${ip6tables} -t nat -A POSTROUTING -s fd00:1::/64 -j MASQUERADE`);
    return bed;
  };

  it("show in iptables -S, ahead of the masquerade, in both families", () => {
    using bed = masquerading();
    bed.apply("return");
    expect(rules(bed, iptables)).toEqual([...RETURN4, MASQUERADE]);
    expect(rules(bed, ip6tables).slice(0, 2)).toEqual(RETURN6);
    expect(bed.seenFromPod()).toEqual([POD]);
    expect(bed.seenFromPod(6)).toEqual([POD6]);
  });

  it("stay as they are when they are right", () => {
    using bed = masquerading();
    bed.apply("return");
    const before = bed.node.exec("nft", "-a", "list", "ruleset");
    expect(bed.apply("return")).toEqual([]);
    expect(bed.node.exec("nft", "-a", "list", "ruleset")).toBe(before);
  });

  it("are one again where somebody doubled them", () => {
    using bed = masquerading();
    bed.apply("return");
    bed.node.shell(`iptables-${backend}-save -t nat > /tmp/${bed.node.name}.save
      grep -v -e '^COMMIT' -e '^:' /tmp/${bed.node.name}.save > /tmp/${bed.node.name}.double
      echo COMMIT >> /tmp/${bed.node.name}.double
      iptables-${backend}-restore --noflush /tmp/${bed.node.name}.double; rm /tmp/${bed.node.name}.*`);
    expect(rules(bed, iptables)).toHaveLength(6);
    expect(bed.apply("return")).not.toEqual([]);
    expect(rules(bed, iptables)).toEqual([...RETURN4, MASQUERADE, MASQUERADE]);
    expect(bed.apply("return")).toEqual([]);
  });

  it("are recognised after a restore by iptables itself", () => {
    using bed = masquerading();
    bed.apply("return");
    bed.node.shell(
      `iptables-${backend}-save -t nat | iptables-${backend}-restore`,
    );
    expect(bed.apply("return")).toEqual([]);
    expect(rules(bed, iptables)).toEqual([...RETURN4, MASQUERADE]);
  });

  it("go back to the head when a masquerade came before them", () => {
    using bed = masquerading();
    bed.apply("return");
    bed.node.shell(
      `${iptables} -t nat -I POSTROUTING -s 10.0.0.0/8 -j MASQUERADE`,
    );
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
    expect(bed.plan("return").operations.map(signOf)).toEqual(["~", "~"]);
    bed.apply("return");
    expect(rules(bed, iptables).slice(0, 2)).toEqual(RETURN4);
    expect(rules(bed, iptables)).toHaveLength(4);
    expect(bed.seenFromPod()).toEqual([POD]);
  });

  it("let kube-proxy's chain stay ahead, and its marked packets keep their SNAT", () => {
    using bed = masquerading();
    bed.node.shell(`${iptables} -t nat -N KUBE-POSTROUTING
      ${iptables} -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
      ${iptables} -t nat -A KUBE-POSTROUTING -j MASQUERADE`);
    bed.apply("auto");
    bed.node.shell(
      `${iptables} -t nat -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING`,
    );
    expect(bed.apply("auto")).toEqual([]);
    expect(bed.seenFromPod()).toEqual([POD]);
    bed.node.shell(
      "iptables-nft -t mangle -A PREROUTING -s 10.1.0.2 -j MARK --set-xmark 0x4000/0x4000",
    );
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
  });

  it("do not fight Calico for the first place, and say why they lose", () => {
    using bed = testbed();
    bed.node.shell(`${iptables} -t nat -N cali-POSTROUTING
      ${iptables} -t nat -A cali-POSTROUTING -s 10.1.0.0/24 -j MASQUERADE`);
    bed.apply("return");
    bed.node.shell(
      `${iptables} -t nat -I POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING`,
    );
    expect(bed.apply("return")).toEqual([]);
    expect(bed.seenFromPod()).toEqual(["172.16.0.1"]);
    expect(
      describeSnat(observeSnat(bed.kernel), () => []).join("\n"),
    ).toContain("RETURN cannot win against cali-POSTROUTING");
    bed.apply("auto");
    expect(bed.seenFromPod()).toEqual([POD]);
  });

  it("follow the configuration: what is no longer wanted goes, the rest stays", () => {
    using bed = masquerading();
    bed.apply(
      "return",
      pairs(["10.1.0.0/24", "10.2.0.0/20"], ["10.1.0.0/24", "10.7.0.0/16"]),
    );
    expect(rules(bed, iptables)).toHaveLength(5);
    const sentences = bed.apply(
      "return",
      pairs(["10.1.0.0/24", "10.2.0.0/20"]),
    );
    expect(sentences.map(([sign]) => sign)).toEqual(["-", "-"]);
    expect(rules(bed, iptables)).toEqual([...RETURN4, MASQUERADE]);
    bed.apply("off");
    expect(rules(bed, iptables)).toEqual([MASQUERADE]);
  });

  it("touch no rule of others", () => {
    using bed = masquerading();
    bed.node
      .shell(`${iptables} -t nat -A POSTROUTING -m comment --comment "crosslink is not mine" -s 10.3.0.0/16 -j RETURN
      ${iptables} -t nat -A PREROUTING -m comment --comment crosslinked -s 10.3.0.0/16 -j RETURN`);
    const before = bed.node
      .exec(`iptables-${backend}-save`, "-t", "nat")
      .replaceAll(/^#.*$|\[.*\]/gm, "");
    bed.apply("auto");
    bed.apply("off");
    expect(
      bed.node
        .exec(`iptables-${backend}-save`, "-t", "nat")
        .replaceAll(/^#.*$|\[.*\]/gm, ""),
    ).toBe(before);
  });
});

describe("the backend", () => {
  it("is nf_tables where nothing decides, made as iptables-nft makes it", () => {
    using bed = testbed();
    bed.apply("return");
    expect(rules(bed, "iptables-nft")).toEqual(RETURN4);
    expect(
      bed.node.exec("nft", "list", "chain", "ip", "nat", "POSTROUTING"),
    ).toContain("type nat hook postrouting priority srcnat; policy accept;");
    expect(bed.node.exec("cat", "/proc/net/ip_tables_names")).toBe("");
  });

  it("is legacy where only legacy has rules", () => {
    using bed = testbed();
    bed.node.shell(
      "iptables-legacy -w -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
    );
    bed.apply("return", pairs(["10.1.0.0/24", "10.2.0.0/20"]));
    expect(rules(bed, "iptables-legacy")).toEqual(RETURN4);
    expect(bed.node.exec("nft", "list", "ruleset")).not.toContain("crosslink");
  });

  it.each([
    ["nft", "legacy"],
    ["legacy", "nft"],
  ] as const)(
    "is %s where kube's chains are there and %s has other rules",
    (kube, other) => {
      using bed = testbed();
      bed.node.shell(`iptables-${kube} -t nat -N KUBE-POSTROUTING
        iptables-${kube} -t nat -A POSTROUTING -j KUBE-POSTROUTING
        iptables-${other} -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080`);
      bed.apply("return", pairs(["10.1.0.0/24", "10.2.0.0/20"]));
      expect(rules(bed, `iptables-${kube}`).slice(0, 2)).toEqual(RETURN4);
      expect(rules(bed, `iptables-${other}`)).toEqual([]);
    },
  );

  it("changes with the node: rules move along", () => {
    using bed = testbed();
    bed.apply("return", pairs(["10.1.0.0/24", "10.2.0.0/20"]));
    bed.node.shell(
      `iptables-legacy -w -t nat -N FLANNEL-POSTRTG; iptables-legacy -w -t nat -A POSTROUTING -j FLANNEL-POSTRTG`,
    );
    bed.apply("return", pairs(["10.1.0.0/24", "10.2.0.0/20"]));
    expect(rules(bed, "iptables-legacy").slice(0, 2)).toEqual(RETURN4);
    expect(rules(bed, "iptables-nft")).toEqual([]);
  });
});

describe("a busy node", () => {
  it("never makes it fail or double a rule: a loop rewrites the ruleset meanwhile", () => {
    using bed = testbed();
    bed.node.shell(MASQUERADE.replace("-A", "iptables-nft -t nat -A"));
    bed.node.shell(`(while :; do
        iptables-nft -t nat -A POSTROUTING -s 10.8.0.0/16 -j MASQUERADE
        iptables-nft -t nat -D POSTROUTING -s 10.8.0.0/16 -j MASQUERADE
      done) >/dev/null 2>&1 &`);
    for (let round = 0; round < 10; round++) {
      applySnat(
        bed.kernel,
        planSnat({ exemptions: PAIRS, mode: "auto" }, observeSnat(bed.kernel)),
      );
      const ours = rules(bed, "iptables-nft").filter((rule) =>
        rule.includes("crosslink"),
      );
      expect(ours.sort()).toEqual(RETURN4);
      applySnat(
        bed.kernel,
        planSnat({ exemptions: [], mode: "off" }, observeSnat(bed.kernel)),
      );
    }
  });

  it("has 1,000 remote networks in a few transactions", () => {
    using bed = testbed();
    const many = pairs(
      ...Array.from(
        { length: 1000 },
        (_, index) =>
          ["10.1.0.0/24", `20.${index >> 8}.${index & 255}.0/24`] as const,
      ),
    );
    expect(bed.apply("auto", [...PAIRS, ...many]).length).toBeGreaterThan(2000);
    expect(bed.apply("auto", [...PAIRS, ...many])).toEqual([]);
    expect(rules(bed, "iptables-nft")).toHaveLength(2002);
    expect(bed.seenFromPod()).toEqual([POD]);
    bed.apply("off");
    expect(rules(bed, "iptables-nft")).toEqual([]);
  });
});
