import type { Check } from "../check.ts";
import { expectError, expectThat } from "../verdict.ts";

/** Codes below 100 that SPEC.md 1.1.0 lists. */
const LISTED = [1, 2, 3, 4, 5, 6, 7, 11, 50, 51];

/** Every way to fail that works with any plugin. */
const FAULTS: readonly Readonly<Record<string, string | undefined>>[] = [
  { CNI_IFNAME: "" },
  { CNI_COMMAND: "UPDATE" },
  { CNI_CONTAINERID: "a b" },
];

/** What a plugin says when it fails. */
export const errorChecks: readonly Check[] = [
  {
    name: "error/object-alone-on-stdout",
    clause: '§2 "Errors"; §5 "Error"',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      for (const environment of FAULTS) {
        expectError(await container.call("ADD", { environment }));
      }
    },
  },
  {
    name: "error/names-configuration-version",
    clause: '§5 "Error", cniVersion',
    level: "SHOULD",
    async run(setting) {
      const container = await setting.container();
      const { cniVersion } = expectError(
        await container.call("ADD", { config: { name: "a/b" } }),
      );
      expectThat(
        cniVersion === setting.version,
        `cniVersion is ${JSON.stringify(cniVersion)}, want "${setting.version}" as configured`,
      );
    },
  },
  {
    name: "error/codes-below-100-are-listed",
    clause: '§5 "Error", reserved codes',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      const calls = [
        ...FAULTS.map((environment) => ({ environment })),
        { stdin: "{" },
        { config: { name: "a/b" } },
        { config: { cniVersion: "99.0.0" } },
        { environment: { CNI_NETNS: `${setting.scratch}/gone` } },
      ];
      for (const changes of calls) {
        const answer = await container.call("ADD", changes);
        if (answer.status === 0) continue; // IPAM plugins don't look at the namespace
        const code = Number(expectError(answer)["code"]);
        expectThat(
          code >= 100 || LISTED.includes(code),
          `code ${code} is reserved and not listed`,
        );
      }
    },
  },
];
