import { runWithOpenStdin } from "../call.ts";
import type { Check } from "../check.ts";
import type { Json } from "../call.ts";
import { expectResult, expectThat } from "../verdict.ts";

const PROBE = '§2 "VERSION: probe plugin version support"';
const ANSWER = '§5 "VERSION Success"';

/** What a plugin says of the versions that it speaks. */
export const versionChecks: readonly Check[] = [
  {
    name: "version/needs-only-the-command",
    clause: PROBE,
    level: "MUST",
    async run(setting) {
      requireVersions(
        expectResult(await setting.call({ CNI_COMMAND: "VERSION" })),
      );
    },
  },
  {
    name: "version/ignores-dummy-environment",
    clause: PROBE,
    level: "MUST",
    async run(setting) {
      // What libcni sends: pkg/invoke/exec.go GetVersionInfo()
      const environment = {
        CNI_COMMAND: "VERSION",
        CNI_NETNS: "dummy",
        CNI_IFNAME: "dummy",
        CNI_PATH: "dummy",
      };
      const stdin = JSON.stringify({ cniVersion: setting.version });
      requireVersions(expectResult(await setting.call(environment, stdin)));
    },
  },
  {
    name: "version/does-not-wait-for-stdin",
    clause: PROBE,
    level: "SHOULD",
    async run({ subject, host }) {
      const environment = { CNI_COMMAND: "VERSION" };
      const { file } = subject;
      requireVersions(
        expectResult(await runWithOpenStdin({ file, host, environment })),
      );
    },
  },
  {
    name: "version/echoes-input-version",
    clause: ANSWER,
    level: "MUST",
    async run(setting) {
      const [cniVersion] = setting.versions.subject;
      const stdin = JSON.stringify({ cniVersion });
      const answer = await setting.call({ CNI_COMMAND: "VERSION" }, stdin);
      const said = expectResult(answer)["cniVersion"];
      expectThat(
        said === cniVersion,
        `cniVersion is ${JSON.stringify(said)}, want ${JSON.stringify(cniVersion)} as on stdin`,
      );
    },
  },
];

function requireVersions(answer: Json): void {
  const { cniVersion, supportedVersions: list } = answer;
  expectThat(typeof cniVersion === "string", "cniVersion is no string");
  expectThat(
    Array.isArray(list) && list.length > 0,
    "supportedVersions is no list, or empty",
  );
  const odd = (list as unknown[]).filter(
    (version) => !/^\d+\.\d+\.\d+$/.test(String(version)),
  );
  expectThat(
    odd.length === 0,
    `supportedVersions holds ${JSON.stringify(odd)}, want semantic versions`,
  );
}
