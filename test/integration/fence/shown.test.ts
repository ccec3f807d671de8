import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import { binding } from "../../support/binding.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";
import { oneKey } from "../../support/node-files.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
  site.writeCluster("a", {
    podCIDRs: ["10.0.0.0/24"],
    nodes: [{ name: "node1", ips: ["172.17.1.2"] }],
  });
  site.writeCluster("b", far("10.1.0.0/16", "fd0b::/64"));
});

afterEach(() => {
  site[Symbol.dispose]();
});

function far(...podCIDRs: string[]): object {
  return { podCIDRs, nodes: [{ name: "node2", ips: ["172.17.2.2"] }] };
}

/** Without a keyring: the fence stands, and no tunnel. */
function add(): void {
  site.call("ADD", {
    pod: site.node,
    config: { prevResult: { cniVersion: "1.1.0" } },
  });
}

/** A command of the command line on the node, by its files. */
function run(words: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = runCommandLine([...words, "--clusters", site.clustersDir], {
    kernel: () => ({ binding, netns: site.node.fd }),
    host: { nodeName: "node1", hostName: "no-such-host" },
    writeStdout: (text) => out.push(text),
    writeStderr: (text) => err.push(text),
  });
  return { exitCode, out: out.join(""), err: err.join("") };
}

describe.each(["plan", "status"])(
  "crosslink %s, where the files are wrong",
  (command) => {
    const show = (...words: string[]) => {
      return run([command, ...words]);
    };

    it("shows the fence, layer by layer, before the trouble", () => {
      site.writeCluster("c", far("10.3.0.0/16"));
      add();
      site.removeCluster("c");
      writeFileSync(join(site.clustersDir, "b.json"), "{");
      expect(show()).toMatchObject({
        exitCode: 1,
        out: [
          "Fenced: cluster b: 10.1.0.0/16, fd0b::/64",
          "Fenced: cluster c, which has no file: 10.3.0.0/16",
          "Fence, policies: stand",
          "Fence, rules: stand",
          "",
        ].join("\n"),
        err: expect.stringContaining("b.json") as string,
      });
      site.node.shell("ip xfrm policy flush");
      expect(JSON.parse(show("--json").out)).toMatchObject({
        fence: { policies: false, rules: true },
      });
      site.node.shell("nft delete table inet crosslink");
      expect(show().out).toContain("Fence, rules: not all stand");
      expect(site.node.exec("ip", "xfrm", "policy")).toBe("");
    });

    it("says that nothing is fenced on a node that was never linked", () => {
      writeFileSync(join(site.clustersDir, "a.json"), "{");
      site.removeCluster("b");
      expect(show()).toMatchObject({
        exitCode: 1,
        out: "Nothing is fenced on this node.\n",
      });
    });
  },
);

describe.each(["plan", "status"])(
  "crosslink %s, where all is well",
  (command) => {
    const show = (...words: string[]): string => {
      const keyring = ["--keyring", site.keyring];
      const { exitCode, out, err } = run([command, ...words, ...keyring]);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
      return out;
    };

    beforeEach(() => {
      site.writeKeyring(oneKey());
      add();
    });

    it("says in one line what is fenced, and by which layers", () => {
      const lines = show().match(/^Fence.*$/gm);
      expect(lines).toEqual([
        "Fence: 2 CIDRs of 1 other cluster (10.1.0.0/16, fd0b::/64): policies stand, nf_tables stand",
      ]);
      expect(JSON.parse(show("--json"))).toMatchObject({
        fence: {
          policies: true,
          rules: true,
          backend: "nf_tables",
          clusters: {
            b: { cidrs: ["10.1.0.0/16", "fd0b::/64"], hasFile: true },
          },
        },
      });
    });

    it("names the layer that does not stand", () => {
      site.node.shell("nft delete table inet crosslink");
      expect(show()).toMatch(
        /^Fence: .*policies stand, nf_tables not all stand; `crosslink apply` raises them$/m,
      );
      site.node.shell("ip xfrm policy flush");
      expect(show()).toMatch(/^Fence: .*policies not all stand/m);
    });

    it("takes no other program's policy for the one in whose place it stands", () => {
      site.node.shell(
        "ip xfrm policy update src 0.0.0.0/0 dst 10.1.0.0/16 dir out priority 1 action allow",
      );
      expect(show()).toMatch(/^Fence: .*policies not all stand/m);
    });
  },
);
