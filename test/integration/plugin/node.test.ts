import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tryAssociation } from "../../../plugin/kernel/esp.ts";
import { binding } from "../../support/binding.ts";
import type { Namespace } from "../../support/namespace.ts";
import {
  type CallOutcome,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { addPod, routedPod } from "../../support/routed-pod.ts";
import { oneKey, SECRET } from "../../support/node-files.ts";

const KEYRING = oneKey();

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
  site.writeCluster("a", ownCluster("172.17.1.2"));
  site.writeCluster("b", {
    podCIDRs: ["10.0.1.0/24"],
    nodes: [{ name: "node2", ips: ["172.17.2.2"], elasticIP: "203.0.113.2" }],
  });
  site.writeKeyring(KEYRING);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

function ownCluster(address: string): object {
  return {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: [address], elasticIP: "203.0.113.1" }],
  };
}

const add = (): CallOutcome => addPod(site, pod);

/** One line a policy: "dir out action block priority 17299 src … dst …". */
function policies(): string[] {
  return site.node
    .exec("ip", "xfrm", "policy")
    .split(/^(?=src)/m)
    .filter(Boolean)
    .map((text) => text.replace(/\s+/g, " ").trim());
}

const refusal = tryAssociation({ binding }, 4);

describe.skipIf(refusal === undefined)(
  "on a kernel without CONFIG_INET_ESP and CONFIG_CRYPTO_GCM",
  () => {
    it("ADD names what is missing, and leaves policies that block", () => {
      const outcome = add();
      expect(outcome).toMatchObject({
        exitCode: 1,
        answer: {
          code: 102,
          msg: expect.stringMatching(/the kernel has no (AEAD|ESP)/) as string,
          details: expect.stringContaining("modprobe") as string,
        },
      });
      expect(policies().sort()).toEqual([
        "src 0.0.0.0/0 dst 10.0.1.0/24 dir out action block priority 17299 ptype main",
        "src 10.0.1.0/24 dst 0.0.0.0/0 dir fwd action block priority 17299 ptype main",
        "src 10.0.1.0/24 dst 0.0.0.0/0 dir in action block priority 17299 ptype main",
      ]);
    });

    it("STATUS says 50, and changes nothing", () => {
      expect(site.call("STATUS")).toMatchObject({
        exitCode: 1,
        answer: {
          code: 50,
          details: expect.stringContaining("modprobe") as string,
        },
      });
      expect(policies()).toEqual([]);
    });

    it("prints no part of a secret", () => {
      const outcome = add();
      const printed = JSON.stringify(outcome);
      expect(printed).not.toContain(SECRET.slice(0, 12));
      expect(printed).not.toContain("5a5a5a5a");
    });

    it("leaves what blocks when the cluster's file goes", () => {
      add();
      const before = policies();
      site.removeCluster("b");
      expect(add().exitCode).toBe(0);
      expect(policies()).toEqual(before);
    });

    it("opens what its file says is plain", () => {
      add();
      site.writeCluster("b", { encryption: "none", podCIDRs: ["10.0.1.0/24"] });
      expect(add().exitCode).toBe(0);
      expect(policies()).toEqual([]);
    });

    it("leaves somebody else's policies alone", () => {
      site.node.shell(
        "ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir out priority 7 action block",
      );
      add();
      site.writeCluster("b", { encryption: "none", podCIDRs: ["10.0.1.0/24"] });
      add();
      expect(policies()).toEqual([
        "src 10.9.0.0/16 dst 10.8.0.0/16 dir out action block priority 7 ptype main",
      ]);
    });
  },
);

describe("another secret under a key id in use", () => {
  const withSecret = (byte: number, id = 1): object => ({
    active: id,
    keys: [{ id, secret: Buffer.alloc(32, byte).toString("base64") }],
  });
  const refused = expect.objectContaining({
    code: 7,
    details: expect.stringContaining("another secret under key id 1") as string,
  }) as object;

  it("is refused as long as the keyring holds it", () => {
    const first = add().answer;
    site.writeKeyring(withSecret(0x5b));
    expect([add().answer, add().answer]).toEqual([refused, refused]);
    site.writeKeyring(KEYRING);
    expect(add().answer).toEqual(first);
    site.writeKeyring(withSecret(0x5b, 2));
    expect(add().answer).not.toEqual(refused);
  });

  it("is nothing new once the id was without one", () => {
    add();
    site.writeKeyring(withSecret(0x5b, 2));
    add();
    site.writeKeyring(withSecret(0x5c));
    expect(add().answer).not.toEqual(refused);
  });
});

describe("ADD refuses", () => {
  it("a tunnel's end that this machine does not have", () => {
    site.writeCluster("a", ownCluster("172.17.1.99"));
    expect(add()).toMatchObject({
      exitCode: 1,
      answer: {
        code: 7,
        msg: "Cannot tunnel from 172.17.1.99: no device of this machine has that address",
      },
    });
  });

  it.each([
    [
      "a keyring that others can read",
      () => {
        site.writeKeyring(KEYRING, 0o644);
      },
      "chmod 0600",
    ],
    [
      "a short key",
      () => {
        site.writeKeyring(oneKey("AAAA"));
      },
      "/keys/0/secret",
    ],
    [
      "overlapping CIDRs",
      () => {
        site.writeCluster("c", {
          podCIDRs: ["10.0.1.0/25"],
          nodes: [{ name: "n", ips: ["172.17.3.2"] }],
        });
      },
      "overlap",
    ],
    [
      "an unknown node",
      () => {
        site.writeCluster("a", {
          podCIDRs: ["10.0.0.0/24"],
          nodes: [{ name: "other", ips: ["172.17.9.9"] }],
        });
      },
      "node1",
    ],
    [
      "an unknown key",
      () => {
        site.writeCluster("a", { podCidrs: [], nodes: [] });
      },
      "podCIDRs",
    ],
  ])("%s, says what to do, and leaves the fence up", (_, damage, words) => {
    damage();
    const { exitCode, answer } = add();
    expect({ exitCode, code: answer?.["code"] }).toEqual({
      exitCode: 1,
      code: 7,
    });
    expect(
      `${String(answer?.["msg"])} ${String(answer?.["details"])}`,
    ).toContain(words);
    expect(policies().join("\n")).toContain(
      "dst 10.0.1.0/24 dir out action block",
    );
    const table = ["nft", "list", "table", "inet", "crosslink"] as const;
    expect(site.node.exec(...table)).toContain("10.0.1.0/24");
  });

  it("a folder of cluster files that is not there, naming it", () => {
    const config = {
      clustersDir: "/no/such/folder",
      prevResult: { cniVersion: "1.1.0" },
    };
    expect(site.call("ADD", { pod, config })).toMatchObject({
      answer: {
        code: 7,
        msg: expect.stringContaining("/no/such/folder") as string,
      },
    });
  });

  it("an unknown key of its own entry, with its pointer", () => {
    const config = { clusterDir: "/etc", prevResult: { cniVersion: "1.1.0" } };
    expect(site.call("ADD", { pod, config })).toMatchObject({
      answer: {
        code: 7,
        msg: expect.stringContaining("/clusterDir") as string,
      },
    });
  });
});
