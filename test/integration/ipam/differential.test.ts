import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Answer,
  type Call,
  callHandlers,
  callProgram,
  crosslinkIpam,
  hostLocal,
  temporary,
} from "../../support/ipam/call.ts";
import { readStore } from "../../support/ipam/store.ts";

const NETWORK = "podnet";

/** Configurations that both programs take, without what crosslink-ipam refuses on purpose. */
const CONFIGS: readonly object[] = [
  { subnet: "10.1.2.0/28" },
  { subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.14" },
  { subnet: "10.1.2.0/29", gateway: "10.1.2.4" },
  { subnet: "10.1.2.0/29", gateway: "192.168.7.1" },
  { ranges: [[{ subnet: "10.1.2.0/29" }, { subnet: "10.1.3.0/30" }]] },
  { ranges: [[{ subnet: "10.1.2.0/28" }], [{ subnet: "fd00::/125" }]] },
  { ranges: [[{ subnet: "fd00:0:0:1::/124" }]] },
  {
    subnet: "10.1.2.0/29",
    ranges: [[{ subnet: "10.1.3.0/29" }], [{ subnet: "fd00::/120" }]],
    routes: [
      { dst: "0.0.0.0/0" },
      { dst: "10.0.0.7/8", gw: "10.1.2.1" },
      { dst: "2001:DB8::/32", gw: "fd00::0:1" },
    ],
  },
];

const VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"];

/** Files of earlier programs' lives. No empty ones: crosslink-ipam frees them where a range set is exhausted. */
const USED: readonly Record<string, string>[] = [
  {},
  { "last_reserved_ip.0": "10.1.2.5", "10.1.2.5": "a\r\neth0" },
  { "10.1.2.2": "a", "10.1.2.3": "b\r\neth0" },
  { "last_reserved_ip.0": "10.9.9.9", "last_reserved_ip.1": "fd00::3" },
  { "last_reserved_ip.0": "rubbish", "10.1.2.3": "some other program's file" },
  { "last_reserved_ip.0": "", "10.1.2.2": "a\r\neth0\n", "fd00::2": " b " },
  { "last_reserved_ip.0": "10.1.2.6\n", "notes.txt": "not a reservation" },
  { "last_reserved_ip.0": "::ffff:10.1.2.3", "10.1.3.2": "a\r\neth1" },
];

const step = fc.record({
  command: fc.constantFrom("ADD", "ADD", "DEL", "CHECK"),
  id: fc.constantFrom("a", "b", "c", "d", "e", "f.1-2_3"),
  ifname: fc.constantFrom("eth0", "eth0", "eth0", "eth1"),
  args: fc.option(
    fc.oneof(
      fc.nat(17).map((n) => `IP=10.1.2.${n}`),
      fc.nat(9).map((n) => `IP=fd00::${n}/64`),
      fc.constantFrom("IgnoreUnknown=1;K8S_POD_NAME=x", "FOO=1", "IP=10.7.7.7"),
    ),
    { freq: 4 },
  ),
});

const scenario = fc.record({
  config: fc.constantFrom(...CONFIGS),
  version: fc.constantFrom(...VERSIONS),
  used: fc.constantFrom(...USED),
  steps: fc.array(step, { minLength: 1, maxLength: 25 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** Plays a scenario on a store of its own; what was answered, and what the store was after each step. */
function play(
  { config, version, used, steps }: Scenario,
  call: (call: Call) => Answer,
) {
  using store = temporary();
  const directory = join(store.path, NETWORK);
  mkdirSync(directory);
  for (const [name, content] of Object.entries(used)) {
    writeFileSync(join(directory, name), content);
  }
  return steps
    .filter(({ command }) => command !== "CHECK" || version >= "0.4.0")
    .map(({ args, command, ...rest }) => {
      const ipam = { type: "host-local", dataDir: store.path, ...config };
      const answer = call({
        ...rest,
        command,
        config: { cniVersion: version, name: NETWORK, ipam },
        ...(args !== null && { args }),
      });
      const said = answer.code === 0 ? answer.output : "error";
      return { said, files: readStore(directory) };
    });
}

describe("crosslink-ipam beside host-local", { timeout: 240_000 }, () => {
  it("answers and writes the same over random sequences, from fresh and used stores", () => {
    fc.assert(
      fc.property(scenario, (s) => {
        expect(play(s, callHandlers)).toEqual(
          play(s, (call) => callProgram(hostLocal, call)),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("does so as a program, too", () => {
    const program = crosslinkIpam();
    fc.assert(
      fc.property(scenario, (s) => {
        expect(play(s, (call) => callProgram(program, call))).toEqual(
          play(s, (call) => callProgram(hostLocal, call)),
        );
      }),
      { numRuns: 10 },
    );
  });
});
