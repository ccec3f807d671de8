import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommandLine } from "../../../plugin/commands/main.ts";
import { binding } from "../../support/binding.ts";
import { makeLeaf } from "../../support/leaf.ts";
import { type NodeSite, nodeSite } from "../../support/node-site.ts";

let site: NodeSite;

beforeEach(() => {
  site = nodeSite();
  makeLeaf(site);
});

afterEach(() => {
  site[Symbol.dispose]();
});

/** What a command prints. */
function crosslink(...words: readonly string[]): string {
  const printed: string[] = [];
  const write = (text: string): void => {
    printed.push(text);
  };
  const files = [
    ...["--clusters", site.clustersDir, "--node", "node1"],
    ...["--keyring", join(site.folder, "keyring.json")],
  ];
  const code = runCommandLine([...words, ...files], {
    kernel: () => ({ binding, netns: site.node.fd }),
    host: { nodeName: undefined, hostName: "none" },
    writeStdout: write,
    writeStderr: write,
  });
  expect(code, printed.join("")).toBe(0);
  return printed.join("");
}

describe("crosslink status", () => {
  it("shows the overlay, and what it lacks", () => {
    crosslink("apply");
    expect(crosslink("status")).toContain(
      "Overlay: crosslink0 (VXLAN 17228 from 172.17.1.2 by UDP port 17228, MTU 1450) to 172.18.0.9: right\n",
    );
    site.node.shell("ip neigh flush dev crosslink0 nud permanent");
    expect(crosslink("status")).toContain(
      "Overlay lacks: add neighbour 172.18.0.9 at 02:43:ac:12:00:09 on crosslink0\n",
    );
    site.node.exec("ip", "link", "del", "crosslink0");
    const { overlay } = JSON.parse(crosslink("status", "--json")) as {
      overlay: { missing: string[] };
    };
    expect(overlay).toMatchObject({
      device: "crosslink0",
      id: 17228,
      port: 17228,
      local: "172.17.1.2",
      mtu: 1450,
      nodes: ["172.18.0.9"],
    });
    expect(overlay.missing).toEqual(
      expect.arrayContaining([
        expect.stringContaining("add device crosslink0"),
        expect.stringContaining("route 10.9.0.0/16 via 172.18.0.9"),
      ]),
    );
  });

  it("shows none where none is needed", () => {
    const office = { encryption: "none", podCIDRs: ["192.168.7.0/24"] };
    site.writeCluster("far", { ...office, nodes: [] });
    expect(crosslink("status")).not.toContain("Overlay");
    expect(JSON.parse(crosslink("status", "--json"))).toMatchObject({
      overlay: null,
    });
  });
});
