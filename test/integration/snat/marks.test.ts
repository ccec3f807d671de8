import { describe, expect, it } from "vitest";
import { POD, POD6, testbed } from "./testbed.ts";

type Bed = ReturnType<typeof testbed>;

const NODE = "172.16.0.1";
const NODE6 = "fd00:16::1";
const hex = (mark: number) => `0x${mark.toString(16)}`;

/** A masquerade of all pods' packets, and kube-proxy's of those with its bit, each as its programs of today write it. */
const KUBE_PROXY: Record<string, (mark: string) => string> = {
  "iptables-nft": (mark) => iptables("nft", mark),
  "iptables-legacy": (mark) => iptables("legacy", mark),
  "native nf_tables": (mark) =>
    ["ip", "ip6"].map((family) => native(family, mark)).join("\n"),
};

function iptables(backend: "nft" | "legacy", mark: string): string {
  return ["iptables", "ip6tables"]
    .map((program) => {
      const nat = `${program}-${backend} -w -t nat`;
      return `${nat} -N KUBE-POSTROUTING 2>/dev/null || ${nat} -F KUBE-POSTROUTING
      ${nat} -A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN
      ${nat} -A KUBE-POSTROUTING -j MARK --xor-mark ${mark}
      ${nat} -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
      ${nat} -C POSTROUTING -j KUBE-POSTROUTING 2>/dev/null || ${nat} -I POSTROUTING -j KUBE-POSTROUTING
      ${nat} -C POSTROUTING -o eth0 -j MASQUERADE 2>/dev/null || ${nat} -A POSTROUTING -o eth0 -j MASQUERADE`;
    })
    .join("\n");
}

function native(family: string, mark: string): string {
  return `nft -f - <<'EOF'
    table ${family} kube-proxy {
      chain masquerading { }
      chain nat-postrouting { type nat hook postrouting priority srcnat; }
    }
    flush table ${family} kube-proxy
    table ${family} kube-proxy {
      chain masquerading {
        mark and ${mark} == 0 return
        mark set mark xor ${mark}
        masquerade fully-random
      }
      chain nat-postrouting { jump masquerading; oifname "eth0" masquerade; }
    }
EOF`;
}

/** As a service's chain marks packets before routing, of both families. */
function markPods(bed: Bed, mark: string): void {
  bed.node.shell(`nft -f - <<'EOF'
    table inet marker { }
    delete table inet marker
    table inet marker {
      chain prerouting { type filter hook prerouting priority mangle; iifname "veth-pod" meta mark set meta mark | ${mark}; }
    }
EOF`);
}

function seen(bed: Bed): string[] {
  return [...bed.seenFromPod(4), ...bed.seenFromPod(6)];
}

describe.each(Object.entries(KUBE_PROXY))(
  "kube-proxy's mark in %s",
  (_, rules) => {
    it.each([14, 15, 0, 31])("is read where it is bit %i", (bit) => {
      using bed = testbed();
      const mark = hex(2 ** bit);
      bed.node.shell(rules(mark));
      expect(seen(bed)).toEqual([NODE, NODE6]);
      bed.apply("auto");
      expect(seen(bed)).toEqual([POD, POD6]);
      markPods(bed, mark);
      expect(seen(bed)).toEqual([NODE, NODE6]);
      // Another bit is nobody's "masquerade this".
      markPods(bed, hex(2 ** (bit === 14 ? 15 : 14)));
      expect(seen(bed)).toEqual([POD, POD6]);
      expect(bed.apply("auto")).toEqual([]);
    });

    it("is followed when it changes", () => {
      using bed = testbed();
      bed.node.shell(rules("0x4000"));
      bed.apply("auto");
      bed.node.shell(rules("0x8000"));
      expect(bed.apply("auto")).not.toEqual([]);
      expect(bed.apply("auto")).toEqual([]);
      expect(seen(bed)).toEqual([POD, POD6]);
      markPods(bed, "0x8000");
      expect(seen(bed)).toEqual([NODE, NODE6]);
      markPods(bed, "0x4000");
      expect(seen(bed)).toEqual([POD, POD6]);
      const ours = bed.node
        .shell("iptables-nft-save; iptables-legacy-save; nft list ruleset")
        .split("\n")
        .filter((line) => line.includes("crosslink"));
      expect(ours.join("\n")).not.toMatch(/0x(0000)?4000/);
    });
  },
);

describe("marks of others", () => {
  it.each(["nft", "legacy"] as const)(
    "are spared beside kube-proxy's, and survive a restore, in %s",
    (backend) => {
      using bed = testbed();
      const nat = `iptables-${backend} -w -t nat`;
      bed.node.shell(`${iptables(backend, "0x8000")}
        ${nat} -N CNI-HOSTPORT-MASQ
        ${nat} -A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
        ${nat} -I POSTROUTING -j CNI-HOSTPORT-MASQ
        ${nat} -A POSTROUTING -m mark --mark 0x40000/0xff0000 -j MASQUERADE`);
      bed.apply("return");
      expect(bed.node.shell(`${nat} -S POSTROUTING`)).toContain(
        "-m mark ! --mark 0x2000/0x2000 -m mark ! --mark 0x8000/0x8000 -m mark ! --mark 0x40000/0xff0000 -m comment --comment crosslink -j RETURN",
      );
      bed.node.shell(
        `iptables-${backend}-save -t nat | iptables-${backend}-restore`,
      );
      expect(bed.apply("return")).toEqual([]);
      expect(bed.seenFromPod()).toEqual([POD]);
      for (const mark of ["0x2000", "0x8000", "0x40000"]) {
        markPods(bed, mark);
        expect(bed.seenFromPod()).toEqual([NODE]);
      }
      markPods(bed, "0x50000");
      expect(bed.seenFromPod()).toEqual([POD]);
    },
  );
});
