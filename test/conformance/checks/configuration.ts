import type { Check } from "../check.ts";
import type { Setting } from "../setting.ts";
import {
  Skipped,
  expectError,
  expectResult,
  expectSuccess,
  expectThat,
} from "../verdict.ts";

const RESERVED = '§1 "Plugin configuration objects", reserved keys';

/** What a plugin makes of stdin: keys that it knows, doesn't know, or should never see. */
export const configurationChecks: readonly Check[] = [
  undecodable("empty-stdin", ""),
  undecodable("truncated-json", '{"cniVersion":"0.3.1","name":"x"'),
  undecodable("text", "not JSON at all"),
  undecodable("array", "[]"),
  misnamed("missing-name", undefined),
  misnamed("name-with-slash", "a/b"),
  misnamed("name-starting-with-hyphen", "-a"),
  {
    name: "configuration/unsupported-version",
    clause: '§5 "Error" code 1',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      const config = { cniVersion: "99.0.0" };
      expectError(await container.call("ADD", { config }), 1);
      expectError(await container.call("DEL", { config }), 1);
    },
  },
  {
    name: "configuration/without-version-is-0.1.0",
    clause: "not in the specification; libcni's version.ConfigDecoder",
    level: "SHOULD",
    async run(setting) {
      if (!setting.versions.subject.includes("0.1.0")) {
        throw new Skipped("the plugin does not support 0.1.0");
      }
      const container = await setting.container("0.1.0");
      const config = { cniVersion: undefined };
      const result = expectResult(await container.call("ADD", { config }));
      expectThat(
        result["ips"] === undefined,
        "the result is not in the shape of 0.1.0",
      );
    },
  },
  {
    name: "configuration/unknown-key",
    clause: '§1 "Plugin configuration objects", other keys',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      const config = { "conformance-unknown": "value" };
      const answer = await container.call("ADD", { config });
      if (answer.status === 0) {
        expectResult(answer);
        return;
      }
      const { msg, details } = expectError(answer, 2, 7);
      const text = `${String(msg)} ${String(details)}`;
      expectThat(
        text.includes("conformance-unknown"),
        `the error does not name the unknown key: ${text}`,
      );
    },
  },
  accepted("args", RESERVED, {
    args: { cni: { labels: [{ key: "a", value: "b" }] }, other: { deep: [1] } },
  }),
  accepted("runtimeConfig", RESERVED, {
    runtimeConfig: { "conformance-capability": { any: ["thing"] } },
  }),
  accepted("cni.dev-keys", RESERVED, { "cni.dev/conformance": { a: 1 } }),
  accepted("capabilities", '§1 "Plugin configuration objects", optional keys', {
    capabilities: { "conformance-capability": true },
  }),
];

function undecodable(name: string, stdin: string): Check {
  return {
    name: `configuration/refuses-${name}`,
    clause: '§2 "Errors"; §5 "Error" code 6',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      expectError(await container.call("ADD", { stdin }), 6, 7);
    },
  };
}

function misnamed(what: string, name: string | undefined): Check {
  return {
    name: `configuration/refuses-${what}`,
    clause: '§1 "Configuration format", name; §5 "Error" code 7',
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      expectError(await container.call("ADD", { config: { name } }), 7);
    },
  };
}

function accepted(
  name: string,
  clause: string,
  config: Readonly<Record<string, unknown>>,
): Check {
  return {
    name: `configuration/accepts-${name}`,
    clause,
    level: "SHOULD",
    run: (setting) => wholeLife(setting, config),
  };
}

async function wholeLife(
  setting: Setting,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  const container = await setting.container();
  await container.add({ config });
  expectSuccess(await container.call("DEL", { config }));
}
