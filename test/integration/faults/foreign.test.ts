import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tryAssociation } from "../../../plugin/kernel/esp.ts";
import { binding } from "../../support/binding.ts";
import { beforeAll, describe, expect, it } from "vitest";
import { act } from "../../support/faults/actor.ts";
import {
  callBinary,
  type Ended,
  isOrderly,
  requireBinary,
} from "../../support/faults/call.ts";
import { count, crowd } from "../../support/faults/crowd.ts";
import { openResident } from "../../support/faults/resident.ts";
import {
  encryptedCluster,
  type FaultPod,
  faultSite,
  type FaultSite,
} from "../../support/faults/site.ts";
import { duplicates, inNode, nodeState } from "../../support/faults/state.ts";

const PODS = 24;

beforeAll(requireBinary);

/** What others do to the node, in a loop, while pods come. */
const RIVALS = {
  "somebody flushes nat": "iptables-nft -t nat -F; ip6tables-nft -t nat -F",
  "somebody deletes table crosslink":
    "nft delete table ip crosslink; nft delete table ip6 crosslink; true",
  "somebody flushes the whole ruleset": "nft flush ruleset",
  "a rewriter like kube-proxy": restore(
    "iptables-nft-restore --noflush",
    [
      ":KUBE-POSTROUTING - [0:0]",
      ":KUBE-SERVICES - [0:0]",
      "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000",
      "-A KUBE-POSTROUTING -j MASQUERADE",
    ],
    "iptables-nft -t nat -C POSTROUTING -j KUBE-POSTROUTING || iptables-nft -t nat -I POSTROUTING -j KUBE-POSTROUTING",
  ),
  "a rewriter like Calico's Felix": restore(
    "iptables-nft-restore --noflush",
    [
      ":cali-POSTROUTING - [0:0]",
      ":cali-nat-outgoing - [0:0]",
      "-A cali-POSTROUTING -j cali-nat-outgoing",
      "-A cali-nat-outgoing -s 10.0.0.0/16 ! -d 10.0.0.0/16 -j MASQUERADE",
    ],
    "iptables-nft -t nat -D POSTROUTING -j cali-POSTROUTING; iptables-nft -t nat -I POSTROUTING -j cali-POSTROUTING",
  ),
  "a rewriter that replaces the whole nat table": restore(
    "iptables-nft-restore",
    [
      ":POSTROUTING ACCEPT [0:0]",
      "-A POSTROUTING -s 10.0.0.0/16 ! -d 10.0.0.0/16 -j MASQUERADE",
    ],
  ),
};

function restore(
  program: string,
  lines: readonly string[],
  after = "true",
): string {
  return `printf '%s\\n' '*nat' ${lines.map((line) => `'${line}'`).join(" ")} COMMIT | ${program} && { ${after}; }`;
}

describe.concurrent(`while ${PODS} pods come and go`, () => {
  it.each(Object.entries(RIVALS))(
    "%s, in a loop: every ADD and DEL succeeds, nothing is there twice, and `apply` mends the rest",
    async (what, script) => {
      using site = faultSite(PODS);
      using first = openResident(site);
      using second = openResident(site);
      using actor = act(site, script);
      const failed: unknown[] = [];
      const twice: string[] = [];
      for (const command of ["ADD", "DEL", "ADD"]) {
        const ended = await Promise.all(
          site.pods.map((pod, index) =>
            (index % 2 === 0 ? first : second).call({ command, pod }),
          ),
        );
        failed.push(...ended.filter(({ exitCode }) => exitCode !== 0));
        twice.push(...duplicates(nodeState(site)));
      }
      const deeds = await actor.stop();
      count(
        `ADDs and DELs while ${what} (${deeds} times)`,
        3 * PODS,
        failed.length,
      );
      expect([failed, twice]).toEqual([[], []]);
      await first.call({ command: ["apply"] });
      const plan = await first.call({ command: ["plan", "--json"] });
      expect(plan.answer?.["changes"]).toEqual([]);
      expect(duplicates(nodeState(site))).toEqual([]);
      const checked = await crowd(site.pods, 1, (pod) =>
        first.call({ command: "CHECK", pod }),
      );
      expect(checked.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    },
    240_000,
  );
});

/** A healthy node's ADD makes fewer netlink requests than these; later moments are not counted. */
const MOMENTS = Array.from({ length: 16 }, (_, index) => index + 1);

/** ADD that pauses before its `nth` netlink request until `deed` is done. */
async function addAround(
  site: FaultSite,
  pod: FaultPod,
  { nth, deed }: { nth: number; deed: string },
): Promise<Ended | undefined> {
  const pause = `inject=sendto:delay_enter=150000:when=${nth}`;
  const trace = join(site.folder, `trace-${pod.device}`);
  const adding = callBinary(site, {
    command: "ADD",
    pod,
    config: { logFile: undefined },
    through: ["strace", "-qqq", "-o", trace, "-e", "trace=sendto", "-e", pause],
  });
  await pausing(trace, nth);
  inNode(site, deed);
  const ended = await adding;
  return readFileSync(trace, "utf8").includes("(DELAYED)") ? ended : undefined;
}

/** Waits until the trace shows the request before, or the program's end. */
async function pausing(trace: string, nth: number): Promise<void> {
  for (let waited = 0; waited < 500; waited++) {
    const shown = existsSync(trace) ? readFileSync(trace, "utf8") : "";
    if (shown.split("sendto(").length >= nth) return;
    await sleep(5);
  }
}

describe.concurrent("in the middle of ADD", () => {
  it("the pod's veth gets another name: ADD says so or succeeds, and the next one is whole", async () => {
    using site = faultSite(MOMENTS.length);
    const ended = await crowd(MOMENTS, 2, (nth) => {
      const pod = site.pods[nth - 1]!;
      const { device } = pod;
      const deed = `ip link set ${device} name w${device}`;
      return addAround(site, pod, { nth, deed });
    });
    const met = ended.filter((one) => one !== undefined);
    const disorderly = met.filter((one) => !isOrderly(one));
    expect(met.length).toBeGreaterThan(8);
    const again = await crowd(site.pods, 4, (pod) =>
      callBinary(site, { command: "ADD", pod }),
    );
    const failed = again.filter(({ exitCode }) => exitCode !== 0);
    count(
      "veths renamed in the middle of ADD",
      met.length,
      disorderly.length + failed.length,
    );
    expect([disorderly, failed]).toEqual([[], []]);
    const checked = await crowd(site.pods, 4, (pod) =>
      callBinary(site, { command: "CHECK", pod }),
    );
    expect(checked.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  }, 240_000);

  it("the pod's namespace goes: ADD says so or succeeds, and DEL leaves nothing", async () => {
    using site = faultSite(MOMENTS.length);
    await callBinary(site, { command: ["apply"] });
    const before = nodeState(site);
    const ended = await crowd(MOMENTS, 2, (nth) => {
      const pod = site.pods[nth - 1]!;
      const deed = `ip netns delete ${pod.containerId}; ip link delete ${pod.device} 2>/dev/null || true`;
      return addAround(site, pod, { nth, deed });
    });
    const met = ended.filter((one) => one !== undefined);
    const disorderly = met.filter((one) => !isOrderly(one));
    expect(met.length).toBeGreaterThan(8);
    const deleted = await crowd(site.pods, 4, (pod) =>
      callBinary(site, { command: "DEL", pod }),
    );
    const failed = deleted.filter(({ exitCode }) => exitCode !== 0);
    count(
      "namespaces removed in the middle of ADD",
      met.length,
      disorderly.length + failed.length,
    );
    expect([disorderly, failed]).toEqual([[], []]);
    expect(nodeState(site)).toEqual(before);
  }, 240_000);
});

describe("while somebody flushes xfrm in a loop", () => {
  it("ADD behind IPsec ends as ever, and each block policy comes back once", async () => {
    using site = faultSite(PODS, encryptedCluster);
    using resident = openResident(site);
    using actor = act(site, "ip xfrm policy flush; ip xfrm state flush");
    const added = await crowd(site.pods, 1, (pod) =>
      resident.call({ command: "ADD", pod }),
    );
    const deeds = await actor.stop();
    // Without ESP the SAs are refused after the block policies stand.
    const code = tryAssociation({ binding }, 4) === undefined ? undefined : 102;
    const wrong = added.filter(({ answer }) => answer?.code !== code);
    count(
      `ADDs while somebody flushes xfrm (${deeds} times)`,
      added.length,
      wrong.length,
    );
    expect(wrong).toEqual([]);
    await resident.call({ command: ["apply"] });
    const state = nodeState(site);
    const blocks = state.policies.filter((line) =>
      line.includes("action block"),
    );
    expect(blocks).toHaveLength(9);
    expect(duplicates(state)).toEqual([]);
  }, 240_000);
});
