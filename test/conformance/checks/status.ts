import type { Answer } from "../call.ts";
import { type Check, since } from "../check.ts";
import type { Setting } from "../setting.ts";
import { refusedIn } from "./gc.ts";
import { Skipped, expectError, expectSilence } from "../verdict.ts";

const STATUS = '§2 "STATUS"';

/** STATUS says whether an ADD would work. */
export const statusChecks: readonly Check[] = since("1.1.0", [
  {
    name: "status/ready",
    clause: STATUS,
    level: "MUST",
    async run(setting) {
      expectSilence(await (await setting.container()).call("STATUS"));
    },
  },
  {
    name: "status/needs-no-CNI_PATH",
    clause: `${STATUS}, optional environment parameters`,
    level: "MUST",
    // Interface plugins need CNI_PATH to ask their IPAM plugin
    kinds: ["chained", "ipam"],
    async run(setting) {
      const stdin = JSON.stringify(setting.config(setting.version));
      expectSilence(await setting.call({ CNI_COMMAND: "STATUS" }, stdin));
    },
  },
  {
    name: "status/not-ready",
    clause: STATUS,
    level: "MUST",
    async run(setting) {
      expectError(await askUnready(setting));
    },
  },
  {
    name: "status/not-ready-says-50-or-51",
    clause: `${STATUS}, error codes`,
    level: "SHOULD",
    async run(setting) {
      expectError(await askUnready(setting), 50, 51);
    },
  },
  {
    name: "status/refuses-older-versions",
    clause: '§2 of 1.0.0, which has no STATUS; §5 "Error" code 1',
    level: "SHOULD",
    run: (setting) => refusedIn(setting, "STATUS"),
  },
]);

async function askUnready(setting: Setting): Promise<Answer> {
  const { unready, path } = setting.subject;
  if (unready === undefined) throw new Skipped("no --unready given");
  const config = { ...unready(setting.scratch), cniVersion: setting.version };
  const stdin = JSON.stringify({ ...config, name: setting.network });
  return setting.call({ CNI_COMMAND: "STATUS", CNI_PATH: path }, stdin);
}
