import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  convertResult,
  parseResult,
  type Result,
} from "../../../cni/result.ts";
import { results } from "../../support/results.ts";

const folder = "/usr/lib/cni";
/** What Debian's plugins speak: their libcni is 1.1.2. */
const versions = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"];

const subnets = ["10.1.0.0/24", "fd00:1::/64", "10.2.0.0/24", "fd00:2::/64"];

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "crosslink-result-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** ADD by a program that is built on libcni. */
function libcni(plugin: string, config: object): Record<string, unknown> {
  const { stdout } = spawnSync(`${folder}/${plugin}`, {
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "pod",
      CNI_NETNS: "/var/run/netns/none",
      CNI_IFNAME: "eth0",
      CNI_PATH: folder,
    },
    input: JSON.stringify({ name: "net", ...config }),
    encoding: "utf8",
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Before 1.1.0 there were fewer fields, and libcni 1.1.2 wrote an empty dns in 1.0.0 as well. */
function withoutNews(result: Result): Result {
  return {
    ...result,
    interfaces: result.interfaces.map(({ name, mac, sandbox }) => ({
      name,
      ...(mac && { mac }),
      ...(sandbox && { sandbox }),
    })),
    routes: result.routes.map(({ dst, gw }) => ({ dst, ...(gw && { gw }) })),
  };
}

const withDns = (result: Record<string, unknown>): object => ({
  dns: {},
  ...result,
});

describe.skipIf(!existsSync(`${folder}/portmap`))(
  "results as libcni reads and writes them (needs containernetworking-plugins)",
  () => {
    // Without port mappings, portmap prints prevResult in the configuration's version and does nothing else
    it.each(versions)(
      "convertResult() to %s is what libcni keeps",
      (version) => {
        const some = results.filter(({ ips }) => ips.length > 0);
        fc.assert(
          fc.property(some, (result) => {
            const ours = convertResult(withoutNews(result), version);
            const theirs = libcni("portmap", {
              cniVersion: version,
              prevResult: ours,
            });
            expect(theirs).toEqual(withDns(ours));
            expect(parseResult(theirs, version)).toEqual(
              parseResult(ours, version),
            );
          }),
          { numRuns: 40 },
        );
      },
    );

    it.each(versions)(
      "convertResult() to %s drops what libcni drops",
      (version) => {
        // host-local itself refuses a second address of a family before 0.3.0
        const count = versions.indexOf(version) < 2 ? 2 : 4;
        const ranges = subnets.slice(0, count);
        const ask = (cniVersion: string): Record<string, unknown> =>
          libcni("host-local", {
            cniVersion,
            ipam: {
              type: "host-local",
              dataDir: mkdtempSync(join(scratch, "store-")),
              ranges: ranges.map((subnet) => [{ subnet }]),
              routes: [
                { dst: "0.0.0.0/0", gw: "10.1.0.1" },
                { dst: "fd00::/8" },
                { dst: "10.0.0.0/8" },
              ],
            },
          });
        const newest = parseResult(ask("1.0.0"), "1.0.0");
        expect(newest.ips).toHaveLength(count);
        expect(withDns(convertResult(newest, version))).toEqual(ask(version));
      },
    );
  },
);
