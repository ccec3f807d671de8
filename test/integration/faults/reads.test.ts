/** How often a call reads what may be large. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callBinary } from "../../support/faults/call.ts";
import { faultSite } from "../../support/faults/site.ts";
import { linesOf } from "../../support/faults/strace.ts";

test.each(["ADD", "CHECK", "STATUS", "plan", "apply", "status"])(
  "%s reads the names in the clusters folder once where nothing is to be done",
  async (word) => {
    using site = faultSite(1);
    const pod = site.pods[0]!;
    await linesOf(site, { command: "ADD", pod });
    const command = /[A-Z]/.test(word) ? word : [word];
    const lines = await linesOf(site, { command, pod });
    const listings = lines.filter(
      (line) =>
        line.includes(`"${site.clustersDir}"`) && line.includes("O_DIRECTORY"),
    );
    expect(listings).toHaveLength(1);
  },
);

/** Whether an ADD lists the ruleset's chains, of which kube-proxy makes thousands. */
const listsChains = (lines: readonly string[]): boolean =>
  lines.some((line) => line.includes("NFT_MSG_GETCHAIN"));

test("ADD reads others' chains again only when rules have changed, and says what they do then", async () => {
  using site = faultSite(2);
  const [pod, other] = site.pods;
  const add = () => linesOf(site, { command: "ADD", pod: pod! });
  await add();
  await add();
  expect(listsChains(await add())).toBe(false);
  site.node.shell(
    'nft "add table ip other; add chain ip other c { type filter hook forward priority 0; }; add rule ip other c ip daddr 10.1.0.0/16 drop"',
  );
  expect(listsChains(await add())).toBe(true);
  // As long as something is in the way each ADD says so.
  await callBinary(site, { command: "ADD", pod: other! });
  const log = readFileSync(join(site.folder, "crosslink.log"), "utf8");
  expect(log.match(/Chain ip other c drops/g)).toHaveLength(2);
});
