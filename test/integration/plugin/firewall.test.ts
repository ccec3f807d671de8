import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runPlan } from "../../../plugin/commands/plan.ts";
import { runStatus } from "../../../plugin/commands/status.ts";
import type { Namespace } from "../../support/namespace.ts";
import {
  type CallOutcome,
  linkOffice,
  type NodeSite,
  nodeSite,
} from "../../support/node-site.ts";
import { addPod, routedPod, shownBy } from "../../support/routed-pod.ts";

let site: NodeSite;
let pod: Namespace;

beforeEach(() => {
  site = nodeSite();
  pod = routedPod(site);
  linkOffice(site);
});

afterEach(() => {
  pod[Symbol.dispose]();
  site[Symbol.dispose]();
});

const add = (): CallOutcome => addPod(site, pod);

const shown = (command: typeof runPlan): string => shownBy(site, command);

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
