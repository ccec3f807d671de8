import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPlan } from "../../../plugin/commands/plan.ts";
import { runStatus } from "../../../plugin/commands/status.ts";
import { binding } from "../../support/binding.ts";
import { connect, type Namespace, namespace } from "../../support/namespace.ts";
import {
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = namespace();
  connect(site.node, "veth0", pod, "eth0");
  pod.shell("ip addr add 10.0.0.7/32 dev eth0; ip route add default dev eth0");
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

function add(): ReturnType<NodeSite["call"]> {
  return site.call("ADD", {
    pod,
    config: {
      prevResult: {
        cniVersion: "1.1.0",
        interfaces: [{ name: "veth0" }, { name: "eth0", sandbox: pod.path }],
        ips: [{ address: "10.0.0.7/32", interface: 1 }],
      },
    },
  });
}

function shown(command: typeof runPlan): string {
  const printed: string[] = [];
  command(
    {
      clusters: site.clustersDir,
      json: false,
      flags: new Set(),
      positionals: [],
    },
    {
      kernel: () => ({ binding, netns: site.node.fd }),
      host: { nodeName: "node1", hostName: "no-such-host" },
      writeStdout: (text: string) => printed.push(text),
    } as never,
  );
  return printed.join("");
}

describe("a FORWARD chain that rejects by a rule", () => {
  const reject = `nft 'add table inet filter
    add chain inet filter forward { type filter hook forward priority 0; }
    add rule inet filter forward reject'`;
  const sentence =
    "Chain inet filter forward rejects what goes from 10.0.0.0/24 to 192.168.7.0/24 and on one more way, by rule 1";

  it("is named by plan, by status and in the log of an ADD, which succeeds", () => {
    site.node.shell(reject);
    const { exitCode, stderr } = add();
    expect(exitCode).toBe(0);
    expect(stderr).toContain(sentence);
    expect(shown(runPlan)).toContain(`Warning: ${sentence}`);
    expect(shown(runStatus)).toContain(`Warning: ${sentence}`);
  });

  it("is no longer named once pods' networks are accepted ahead of it", () => {
    site.node.shell(`${reject}
      nft insert rule inet filter forward ip saddr 10.0.0.0/24 ip daddr 192.168.7.0/24 accept
      nft insert rule inet filter forward ip saddr 192.168.7.0/24 ip daddr 10.0.0.0/24 accept`);
    expect(add().stderr).not.toContain("Chain ");
    expect(shown(runPlan)).not.toContain("Warning");
  });
});
