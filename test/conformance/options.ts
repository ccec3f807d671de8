import { parseArgs } from "node:util";

/** What a run of the suite is told. */
export interface Options {
  readonly plugin: string;
  readonly conf: string;
  readonly base?: string | undefined;
  readonly ipam: boolean;
  readonly cniPath?: string | undefined;
  readonly ifname: string;
  readonly setup: string;
  readonly damage: readonly string[];
  readonly unready?: string | undefined;
  readonly junit?: string | undefined;
  readonly only: string;
  readonly jobs: number;
}

/** How to call the suite. */
export const usage = `Usage: node test/conformance/main.ts --plugin <binary> --conf <file.json> [options]

  --plugin <binary>      the plugin under test
  --conf <file.json>     its configuration; {tmp} is a folder of the check's own, {conf} the file's
  --base <conflist>      the plugins before it in the chain: it is a chained plugin
  --ipam                 it is an IPAM plugin
  --cni-path <dir>       CNI_PATH; default: the plugin's folder, /opt/cni/bin, /usr/lib/cni
  --ifname <name>        CNI_IFNAME; default eth0
  --setup <script>       shell script for the empty host namespace of every check
  --damage <name=script> something that CHECK should notice, as a shell script; may be repeated
  --unready <file.json>  a configuration for which STATUS should say 50 or 51
  --jobs <number>        checks at the same time; default 12: most of their time is waiting for the kernel
  --only <text>          only the checks whose name holds this text
  --junit <file.xml>     writes a report in JUnit's format as well

Needs root. Everything happens in network namespaces that the suite makes and removes.
`;

/**
 * Parses the command line.
 *
 * @throws TypeError on an unknown option, a number that is none, or without --plugin and --conf
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      plugin: { type: "string" },
      conf: { type: "string" },
      base: { type: "string" },
      ipam: { type: "boolean", default: false },
      "cni-path": { type: "string" },
      ifname: { type: "string", default: "eth0" },
      setup: { type: "string", default: "" },
      damage: { type: "string", multiple: true, default: [] },
      unready: { type: "string" },
      junit: { type: "string" },
      only: { type: "string", default: "" },
      jobs: { type: "string", default: "12" },
    },
  });
  const { plugin, conf, "cni-path": cniPath, jobs: text, ...rest } = values;
  if (plugin === undefined || conf === undefined) {
    throw new TypeError("Cannot start: want --plugin and --conf");
  }
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new TypeError(`Cannot start: want --jobs 1 or more: "${text}"`);
  }
  return { plugin, conf, cniPath, jobs, ...rest };
}
