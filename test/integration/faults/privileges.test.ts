import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type BinaryCall,
  callBinary,
  type Ended,
  requireBinary,
} from "../../support/faults/call.ts";
import { count } from "../../support/faults/crowd.ts";
import {
  type FaultPod,
  faultSite,
  type FaultSite,
  prevResult,
} from "../../support/faults/site.ts";
import { clearNode, inNode, nodeState } from "../../support/faults/state.ts";

let site: FaultSite;
let pod: FaultPod;

beforeAll(() => {
  requireBinary();
  site = faultSite(1);
  pod = site.pods[0]!;
});
beforeEach(() => {
  clearNode(site);
});
afterAll(() => {
  site[Symbol.dispose]();
});

/** All that crosslink needs; SECURITY.md says so. */
const NEEDED = ["net_admin", "sys_admin"];

/** As root, with these capabilities and no others. */
function callWith(
  capabilities: readonly string[],
  call: BinaryCall,
  where = site,
): Promise<Ended> {
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  return callBinary(where, {
    ...call,
    through: ["setpriv", "--bounding-set", set],
  });
}

/** Calico up to 3.30 does not name the host's end: it is looked for in the pod's namespace. */
function bare(): object {
  const ips = pod.addresses.map((address) => ({ address, interface: 0 }));
  const interfaces = [{ name: "eth0", sandbox: pod.path }];
  return { prevResult: { ...prevResult(pod), interfaces, ips } };
}

const EVERYTHING: readonly BinaryCall["command"][] = [
  ...["ADD", "CHECK", "STATUS"],
  ...[["plan"], ["apply"], ["status"]],
  ...["GC", "DEL"],
];

describe("as root, with all capabilities dropped but some", () => {
  it("CAP_NET_ADMIN and CAP_SYS_ADMIN are enough for everything", async () => {
    const failed: unknown[] = [];
    for (const command of EVERYTHING) {
      const ended = await callWith(NEEDED, { command, pod, config: bare() });
      if (ended.exitCode !== 0) failed.push({ command, ended });
    }
    count("commands with two capabilities", EVERYTHING.length, failed.length);
    expect(failed).toEqual([]);
    expect(podState()).toBe("");
  });

  it.each(["ADD", "CHECK", "STATUS", ["plan"], ["apply"], ["status"]])(
    "without CAP_NET_ADMIN %s says so, and changes nothing",
    async (command) => {
      const before = nodeState(site);
      const ended = await callWith(["sys_admin"], { command, pod });
      expect(ended.exitCode).toBe(1);
      if (typeof command === "string") expect(ended.answer?.code).toBe(105);
      else expect(ended.stderr).toContain("EPERM");
      expect(nodeState(site)).toEqual(before);
    },
  );

  it("without CAP_NET_ADMIN DEL succeeds, and says that it left something", async () => {
    await callBinary(site, { command: "ADD", pod });
    const ended = await callWith(["sys_admin"], { command: "DEL", pod });
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain("DEL left something behind");
  });

  it("without CAP_SYS_ADMIN ADD succeeds where prevResult names the pod's host interface", async () => {
    const { exitCode } = await callWith(["net_admin"], { command: "ADD", pod });
    expect(exitCode).toBe(0);
    expect(podState()).toContain("10.0.0.2");
  });

  it("without CAP_SYS_ADMIN ADD says so where it must look into the pod's namespace, DEL still takes all away", async () => {
    const config = bare();
    const refused = await callWith(["net_admin"], {
      command: "ADD",
      pod,
      config,
    });
    expect(refused.answer?.code).toBe(105);
    await callBinary(site, { command: "ADD", pod, config });
    expect(podState()).toContain("10.0.0.2");
    const { exitCode } = await callWith(["net_admin"], {
      command: "DEL",
      pod,
      config,
    });
    expect(exitCode).toBe(0);
    expect(podState()).toBe("");
  });
});

describe("as root, where the node masquerades by legacy iptables", () => {
  it("CAP_NET_RAW is needed too: without it ADD says so", async () => {
    // Legacy tables stay until their namespace goes.
    using legacy = faultSite(1);
    inNode(
      legacy,
      `
      iptables-legacy -w -t nat -N KUBE-POSTROUTING
      iptables-legacy -w -t nat -A KUBE-POSTROUTING -j MASQUERADE
      iptables-legacy -w -t nat -A POSTROUTING -j KUBE-POSTROUTING`,
    );
    const call = { command: "ADD", pod: legacy.pods[0]! };
    const refused = await callWith(NEEDED, call, legacy);
    expect(refused.answer).toMatchObject({ code: 5 });
    expect(refused.answer?.msg).toContain("legacy iptables");
    const served = await callWith([...NEEDED, "net_raw"], call, legacy);
    expect(served.exitCode).toBe(0);
    expect(inNode(legacy, "iptables-legacy -w -t nat -S")).toContain(
      "crosslink",
    );
  });
});

/** The pod's label and routes. */
function podState(): string {
  return inNode(
    site,
    `
    ip -oneline link show dev ${pod.device} | grep -o 'alias .*' || true
    ip route show dev ${pod.device} proto 88
    ip -6 route show dev ${pod.device} proto 88`,
  );
}
