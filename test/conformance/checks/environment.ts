import type { Command } from "../../../cni/version.ts";
import type { Check } from "../check.ts";
import { allows } from "../container.ts";
import {
  expectError,
  expectResult,
  expectSuccess,
  expectThat,
} from "../verdict.ts";

const PARAMETERS = '§2 "Parameters"';

/** Which variables each command needs, which it does without, and what they may hold. */
export const environmentChecks: readonly Check[] = [
  ...required("ADD", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"]),
  ...required("CHECK", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"]),
  ...required("DEL", ["CNI_CONTAINERID", "CNI_IFNAME"]),
  ...required("GC", ["CNI_PATH"]),
  refused("CNI_COMMAND", "UPDATE"),
  refused("CNI_CONTAINERID", "-starts-with-hyphen"),
  refused("CNI_CONTAINERID", "has/slash"),
  refused("CNI_IFNAME", "longer-than-fifteen"),
  refused("CNI_IFNAME", "has/slash"),
  refused("CNI_IFNAME", ".."),
  {
    name: "environment/add-without-CNI_ARGS-and-CNI_PATH",
    clause: '§2 "ADD", optional environment parameters',
    level: "MUST",
    // Interface plugins need CNI_PATH to find their IPAM plugin
    kinds: ["chained", "ipam"],
    async run(setting) {
      const container = await setting.container();
      const environment = { CNI_PATH: undefined, CNI_ARGS: undefined };
      expectResult(await container.call("ADD", { environment }));
    },
  },
  {
    name: "environment/del-without-CNI_ARGS-and-CNI_PATH",
    clause: '§2 "DEL", optional environment parameters',
    level: "MUST",
    kinds: ["chained", "ipam"],
    async run(setting) {
      const container = await setting.container();
      await container.add();
      const environment = { CNI_PATH: undefined, CNI_ARGS: undefined };
      expectSuccess(await container.call("DEL", { environment }));
    },
  },
  {
    name: "environment/ignores-unknown-CNI_ARGS-when-told",
    clause: `${PARAMETERS}: CNI_ARGS (IgnoreUnknown is libcni's)`,
    level: "SHOULD",
    async run(setting) {
      const container = await setting.container();
      const CNI_ARGS =
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=x";
      await container.add({ environment: { CNI_ARGS } });
      expectSuccess(await container.call("DEL", { environment: { CNI_ARGS } }));
    },
  },
];

function required(command: Command, names: readonly string[]): Check[] {
  return names.map((name) => ({
    name: `environment/${command.toLowerCase()}-needs-${name}`,
    clause: `§2 "${command}", required environment parameters; §5 "Error" code 4`,
    level: "MUST",
    ...introduced(command),
    async run(setting) {
      const container = await setting.container();
      if (command !== "ADD" && command !== "GC") await container.add();
      for (const value of [undefined, ""]) {
        const environment = { [name]: value };
        requireNamed(
          expectError(await container.call(command, { environment }), 4),
          name,
        );
      }
    },
  }));
}

/** CHECK and GC are as old as the first version that allows them. */
function introduced(command: Command): Pick<Check, "since"> {
  const first = ["0.1.0", "0.4.0", "1.1.0"].find((version) =>
    allows(version, command),
  );
  return first === undefined ? {} : { since: first };
}

function refused(variable: string, value: string): Check {
  return {
    name: `environment/refuses-${variable}=${value}`,
    clause: `${PARAMETERS}: ${variable}; §5 "Error" code 4`,
    level: "MUST",
    async run(setting) {
      const container = await setting.container();
      const environment = { [variable]: value };
      expectError(await container.call("ADD", { environment }), 4);
    },
  };
}

/** §5 "Error" code 4: "The error message must contain the names of invalid variables." */
function requireNamed(
  { msg, details }: Readonly<Record<string, unknown>>,
  name: string,
): void {
  const text = `${String(msg)} ${String(details)}`;
  expectThat(text.includes(name), `the error does not name ${name}: ${text}`);
}
