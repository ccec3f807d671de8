import type { Answer } from "../call.ts";
import { type Check, since } from "../check.ts";
import type { Site } from "../setting.ts";
import { refusedIn } from "./gc.ts";
import { Skipped, expectError, expectSilence } from "../verdict.ts";

const STATUS = '§2 "STATUS"';

/** STATUS says whether an ADD would work. */
export const statusChecks: readonly Check[] = since("1.1.0", [
  {
    name: "status/ready",
    clause: STATUS,
    level: "MUST",
    async run(site) {
      expectSilence(await (await site.container()).call("STATUS"));
    },
  },
  {
    name: "status/needs-no-CNI_PATH",
    clause: `${STATUS}, optional environment parameters`,
    level: "MUST",
    // Interface plugins need CNI_PATH to ask their IPAM plugin
    kinds: ["chained", "ipam"],
    async run(site) {
      const stdin = JSON.stringify(site.config(site.version));
      expectSilence(await site.call({ CNI_COMMAND: "STATUS" }, stdin));
    },
  },
  {
    name: "status/not-ready",
    clause: STATUS,
    level: "MUST",
    async run(site) {
      expectError(await askUnready(site));
    },
  },
  {
    name: "status/not-ready-says-50-or-51",
    clause: `${STATUS}, error codes`,
    level: "SHOULD",
    async run(site) {
      expectError(await askUnready(site), 50, 51);
    },
  },
  {
    name: "status/refuses-older-versions",
    clause: '§2 of 1.0.0, which has no STATUS; §5 "Error" code 1',
    level: "SHOULD",
    run: (site) => refusedIn(site, "STATUS"),
  },
]);

async function askUnready(site: Site): Promise<Answer> {
  const { unready, path } = site.subject;
  if (unready === undefined) throw new Skipped("no --unready given");
  const config = { ...unready(site.scratch), cniVersion: site.version };
  const stdin = JSON.stringify({ ...config, name: site.network });
  return site.call({ CNI_COMMAND: "STATUS", CNI_PATH: path }, stdin);
}
