import { describe, expect, it } from "vitest";
import { planLegacyFamily } from "../../../../plugin/fence/legacy.ts";
import type { FenceWill } from "../../../../plugin/fence/will.ts";
import { cidrs } from "../../../support/mesh/mesh.ts";

const OUT =
  "-d 10.2.0.0/16 -m policy --dir out --pol none -m comment --comment crosslink -j DROP";
const IN =
  "-s 10.2.0.0/16 -m policy --dir in --pol none -m comment --comment crosslink -j DROP";

/** As iptables-legacy-save prints them. */
function saved(
  mangle: readonly string[],
  raw: readonly string[],
  leaves?: readonly string[],
): string {
  return `*mangle
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${leaves ? ":crosslink-leaves - [0:0]\n" : ""}${mangle.map((rule) => `-A POSTROUTING ${rule}\n`).join("")}${(leaves ?? []).map((rule) => `-A crosslink-leaves ${rule}\n`).join("")}COMMIT
*raw
:PREROUTING ACCEPT [0:0]
${raw.map((rule) => `-A PREROUTING ${rule}\n`).join("")}COMMIT
`;
}

function will(
  wanted: readonly string[],
  released: readonly string[] | "all" = [],
): FenceWill {
  return {
    wanted: cidrs(wanted),
    released: released === "all" ? "all" : cidrs(released),
  };
}

/** Table and lines of each step. */
function lines(family: 4 | 6, text: string, wish: FenceWill): string[] {
  return planLegacyFamily(family, text, wish).flatMap((step) =>
    step.object === "legacy"
      ? step.lines.map((line) => `${step.table}: ${line}`)
      : ["not legacy"],
  );
}

const standing = saved([OUT], [IN]);

describe("planLegacyFamily()", () => {
  it("drops both ways what has no policy, in tables that nobody uses yet", () => {
    expect(lines(4, "", will(["10.2.0.0/16", "fd02::/48"]))).toEqual([
      `mangle: -I POSTROUTING 1 ${OUT}`,
      `raw: -I PREROUTING 1 ${IN}`,
    ]);
    expect(lines(6, "", will(["fd02::/48"]))[1]).toBe(
      "raw: -I PREROUTING 1 -s fd02::/48 -m policy --dir in --pol none -m comment --comment crosslink -j DROP",
    );
  });

  it("has nothing to do where they stand", () => {
    expect(lines(4, standing, will(["10.2.0.0/16"]))).toEqual([]);
  });

  it("leaves what nobody speaks of", () => {
    expect(lines(4, standing, will([]))).toEqual([]);
  });

  it.each([["10.2.0.0/16"], "all"] as const)("releases %s", (released) => {
    expect(lines(4, standing, will([], released))).toEqual([
      `mangle: -D POSTROUTING ${OUT}`,
      `raw: -D PREROUTING ${IN}`,
    ]);
  });

  it.each(["-j ACCEPT", "-p udp -j RETURN", "-j OTHERS", "-g OTHERS"])(
    "goes ahead of %s",
    (other) => {
      const text = saved([other, OUT], [IN, other]);
      expect(lines(4, text, will(["10.2.0.0/16"]))).toEqual([
        `mangle: -D POSTROUTING ${OUT}`,
        `mangle: -I POSTROUTING 1 ${OUT}`,
      ]);
    },
  );

  it.each(["-j cali-POSTROUTING", "-j MARK --set-xmark 0x1/0x1", "-j LOG"])(
    "stays behind %s",
    (other) => {
      const text = saved([other, OUT], [IN]);
      expect(lines(4, text, will(["10.2.0.0/16"]))).toEqual([]);
    },
  );

  describe("with leaves", () => {
    const leaves = { leaves: cidrs(["10.1.2.0/24"]), releasesLeaves: true };
    const linked = { ...will(["10.2.0.0/16"]), ...leaves };
    const JUMP =
      "-s 10.2.0.0/16 -m comment --comment crosslink -j crosslink-leaves";
    const LEAF =
      "-d 10.1.2.0/24 -m policy --dir out --pol none -m comment --comment crosslink -j DROP";
    const gateway = saved([JUMP, OUT], [IN], [LEAF]);

    it("what remote pods sent goes on to them by policy alone", () => {
      expect(lines(4, "", linked)).toEqual([
        "mangle: :crosslink-leaves - [0:0]",
        `mangle: -A crosslink-leaves ${LEAF}`,
        `mangle: -I POSTROUTING 1 ${JUMP}`,
        `mangle: -I POSTROUTING 1 ${OUT}`,
        `raw: -I PREROUTING 1 ${IN}`,
      ]);
      expect(lines(4, gateway, linked)).toEqual([]);
      expect(lines(6, "", linked)).toEqual([]);
    });

    it.each([
      ["another rule", [LEAF, "-d 10.1.3.0/24 -j ACCEPT"]],
      ["none", []],
    ])("makes the chain anew that has %s", (_, rules) => {
      const text = saved([JUMP, OUT], [IN], rules);
      expect(lines(4, text, linked)).toEqual([
        "mangle: :crosslink-leaves - [0:0]",
        `mangle: -A crosslink-leaves ${LEAF}`,
      ]);
    });

    it("keeps those that stand, where nobody knows", () => {
      expect(lines(4, gateway, will([]))).toEqual([]);
      expect(lines(4, gateway, will(["10.2.0.0/16"]))).toEqual([]);
    });

    it.each([
      ["leaves", { ...will(["10.2.0.0/16"]), releasesLeaves: true }, [JUMP]],
      ["remote CIDRs", will([], "all"), [JUMP, OUT]],
    ])("has no chain without %s", (_, wish, gone) => {
      const found = lines(4, gateway, wish).filter((line) =>
        line.startsWith("mangle"),
      );
      expect(found).toEqual([
        ...gone.map((rule) => `mangle: -D POSTROUTING ${rule}`),
        "mangle: -F crosslink-leaves",
        "mangle: -X crosslink-leaves",
      ]);
    });

    it("leaves an empty chain where somebody else's rule leads there", () => {
      const other = "-p udp -j crosslink-leaves";
      const text = saved([JUMP, OUT, other], [IN], [LEAF]);
      expect(lines(4, text, will([], "all"))).toContain(
        "mangle: -F crosslink-leaves",
      );
      expect(lines(4, text, will([], "all"))).not.toContain(
        "mangle: -X crosslink-leaves",
      );
      expect(lines(4, saved([other], [], []), will([], "all"))).toEqual([]);
    });
  });

  it("fences everything, which iptables does not print", () => {
    const drop =
      "-m policy --dir out --pol none -m comment --comment crosslink -j DROP";
    const [out] = lines(4, "", will(["0.0.0.0/0"]));
    expect(out).toBe(`mangle: -I POSTROUTING 1 ${drop}`);
    const text = saved([drop], [drop.replace("out", "in")]);
    expect(lines(4, text, will(["0.0.0.0/0"]))).toEqual([]);
    expect(lines(4, text, will([], ["0.0.0.0/0"]))).toHaveLength(2);
  });
});
