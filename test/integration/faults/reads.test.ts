/** How often a call reads what may be large. */
import { expect, test } from "vitest";
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
