import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import { binding } from "../../support/binding.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";

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

describe.each(["plan", "status"])(
  "crosslink %s, where the files are wrong",
  (command) => {
    const show = (...words: string[]) => {
      const out: string[] = [];
      const err: string[] = [];
      const exitCode = runCommandLine(
        [command, ...words, "--clusters", site.clustersDir],
        {
          kernel: () => ({ binding, netns: site.node.fd }),
          host: { nodeName: "node1", hostName: "no-such-host" },
          writeStdout: (text) => out.push(text),
          writeStderr: (text) => err.push(text),
        },
      );
      return { exitCode, out: out.join(""), err: err.join("") };
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
