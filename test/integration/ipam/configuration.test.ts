import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addressValue,
  firstAddress,
  lastAddress,
  parseCidr,
} from "../../../ip/cidr.ts";
import { addressText } from "../../../ipam/address.ts";
import {
  addressesOf,
  type Answer,
  type Call,
  callHandlers,
  callProgram,
  hostLocal,
  temporary,
} from "../../support/ipam/call.ts";

/** ADD of a configuration: the addresses, or that it was refused. */
function outcome(
  { ipam, args, ...rest }: Sample,
  call: (call: Call) => Answer,
): readonly string[] | "refused" {
  using store = temporary();
  const config = {
    cniVersion: "1.0.0",
    name: "podnet",
    ...rest,
    ...(ipam !== undefined && {
      ipam: isObject(ipam) ? { ...ipam, dataDir: store.path } : ipam,
    }),
  };
  const answer = call({
    command: "ADD",
    id: "c",
    config,
    ...(args !== undefined && { args }),
  });
  return answer.code === 0 ? addressesOf(answer) : "refused";
}

const NET = { subnet: "10.1.2.0/24" } as const;

/** What crosslink-ipam gives nobody. host-local gives a range's gateway out of another range, and so on. */
function reservedOf(
  sets: readonly (readonly { subnet: string; gateway?: string }[])[],
): ReadonlySet<string> {
  const addresses = sets.flat().flatMap(({ subnet, gateway }) => {
    const cidr = parseCidr(subnet);
    const network = firstAddress(cidr);
    const first = addressText(cidr.family, addressValue(network.bytes) + 1n);
    return [network.text, lastAddress(cidr).text, gateway ?? first];
  });
  return new Set(addresses);
}

function intersection(
  avoided: ReadonlySet<string>,
  given: readonly string[] | "refused",
): readonly string[] {
  return given === "refused" ? [] : given.filter((ip) => avoided.has(ip));
}

interface Sample {
  readonly ipam?: unknown;
  readonly args?: string;
  readonly [key: string]: unknown;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function one(range: object): Sample {
  return { ipam: { ranges: [[range]] } };
}

const SAMPLES: readonly Sample[] = [
  {},
  { ipam: null },
  { ipam: [] },
  { ipam: "host-local" },
  { ipam: {} },
  { ipam: { ranges: null } },
  { ipam: { ranges: [] } },
  { ipam: { ranges: [[]] } },
  { ipam: { ranges: [null] } },
  { ipam: { ranges: [[null]] } },
  { ipam: { ranges: [{ subnet: "10.1.2.0/24" }] } },
  { ipam: { ranges: { subnet: "10.1.2.0/24" } } },
  { ipam: { subnet: "10.1.2.0/24", type: "anything", more: [1] } },
  { ipam: { SUBNET: "10.1.2.0/24", RangeStart: "10.1.2.77" } },
  { ipam: { subnet: "" } },
  { ipam: { subnet: 10 } },
  { ipam: { rangeStart: "10.1.2.4" } },
  { ipam: { rangeStart: "x", ranges: [[{ subnet: "10.1.2.0/24" }]] } },
  one({ subnet: "10.1.2.3/24" }),
  one({ subnet: "10.1.2.0/33" }),
  one({ subnet: "10.1.2.0/-1" }),
  one({ subnet: "010.1.2.0/24" }),
  one({ subnet: "10.1.2.0" }),
  one({ subnet: "10.1.2.0/24 " }),
  one({ subnet: "10.1.2/24" }),
  one({ subnet: "10.1.2.0/30" }),
  one({ subnet: "10.1.2.0/31" }),
  one({ subnet: "10.1.2.0/32" }),
  one({ subnet: "fd00::/126" }),
  one({ subnet: "fd00::/127" }),
  one({ subnet: "fd00::1/64" }),
  one({ subnet: "FD00::/64" }),
  one({ subnet: "::ffff:10.1.2.0/120" }),
  one({ subnet: "10.1.2.0/24", gateway: "" }),
  one({ subnet: "10.1.2.0/24", gateway: "10.9.9.9" }),
  one({ subnet: "10.1.2.0/24", gateway: "fe80::1" }),
  one({ subnet: "10.1.2.0/24", gateway: "10.1.2.2" }),
  one({ subnet: "10.1.2.0/24", gateway: "nowhere" }),
  one({ subnet: "10.1.2.0/24", gateway: ["10.1.2.1"] }),
  one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.200" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "10.1.3.200" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "fe80::1" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "::ffff:10.1.2.9" }),
  one({ subnet: "10.1.2.0/24", rangeEnd: "10.1.2.2" }),
  one({ subnet: "10.1.2.0/24", rangeEnd: "10.1.2.0" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.8" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.9" }),
  one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.1", rangeEnd: "10.1.2.1" }),
  { ipam: { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "fd00::/64" }]] } },
  {
    ipam: { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "10.1.2.0/25" }]] },
  },
  {
    ipam: {
      ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.1.2.0/25" }]],
    },
  },
  {
    ipam: { ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "fd00::/64" }]] },
  },
  { ipam: { subnet: "10.1.2.0/24", ranges: [[{ subnet: "10.1.2.0/24" }]] } },
  { ipam: { subnet: "10.1.2.0/24", ranges: [[{ subnet: "10.1.3.0/24" }]] } },
  {
    ipam: { subnet: "10.1.2.0/24" },
    runtimeConfig: { ipRanges: [[{ subnet: "10.1.3.0/24" }]] },
  },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: null, args: "" },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: [] },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: "10.1.2.9" } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: ["10.1.2.9"] } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: ["10.1.2.9/30"] } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: [""] } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: ["10.1.2.1"] } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: ["10.1.2.0"] } },
  { ipam: { subnet: "10.1.2.0/24" }, runtimeConfig: { ips: ["10.1.2.255"] } },
  {
    ipam: { subnet: "10.1.2.0/24" },
    runtimeConfig: { ips: ["10.1.2.8", "10.1.2.9"] },
  },
  {
    ipam: { subnet: "10.1.2.0/24" },
    runtimeConfig: { ips: ["10.1.2.8", "::ffff:10.1.2.8"] },
  },
  { ipam: { subnet: "10.1.2.0/24" }, args: "IP=10.1.2.9" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "IP=" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "IP=x" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "ip=10.1.2.9" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "FOO=1" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "FOO=1;IgnoreUnknown=1" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "FOO=1;IgnoreUnknown=0" },
  { ipam: { subnet: "10.1.2.0/24" }, args: "FOO=1;IgnoreUnknown=yes" },
  { ipam: { subnet: "10.1.2.0/24", routes: {} } },
  { ipam: { subnet: "10.1.2.0/24", routes: [{ dst: "x" }] } },
  { ipam: { subnet: "10.1.2.0/24", routes: [{ dst: "0.0.0.0/0", gw: "x" }] } },
  { ipam: { subnet: "10.1.2.0/24", routes: [{ dst: "0.0.0.0/0", gw: "" }] } },
  { ipam: { subnet: "10.1.2.0/24", resolvConf: "/nonexistent" } },
  { ipam: { subnet: "10.1.2.0/24", resolvConf: "" } },
];

describe("crosslink-ipam's configuration", () => {
  it.each(SAMPLES.map((sample) => [JSON.stringify(sample), sample] as const))(
    "is taken or refused as host-local's: %s",
    (_, sample) => {
      const expected = outcome(sample, (call) => callProgram(hostLocal, call));
      expect(outcome(sample, callHandlers)).toEqual(expected);
    },
  );

  it.each<[string, Sample]>([
    [
      "gives the network's own address",
      one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.0" }),
    ],
    [
      "gives the broadcast address",
      one({
        subnet: "10.1.2.0/24",
        rangeStart: "10.1.2.255",
        rangeEnd: "10.1.2.255",
      }),
    ],
    [
      "runs past a range's end",
      one({ subnet: "10.1.2.0/24", rangeStart: "10.1.2.255" }),
    ],
    [
      "prints a route without destination",
      { ipam: { subnet: "10.1.2.0/24", routes: [{}] } },
    ],
  ])("differs on purpose where host-local %s", (_, sample) => {
    const theirs = outcome(sample, (call) => callProgram(hostLocal, call));
    expect(outcome(sample, callHandlers)).not.toEqual(theirs);
  });

  it("is taken or refused as host-local's, for random ranges", () => {
    const address = fc.tuple(
      fc.constantFrom("10.1.2", "10.1.3"),
      fc.integer({ min: 1, max: 254 }),
    );
    const text = fc.oneof(
      { weight: 8, arbitrary: address.map(([net, host]) => `${net}.${host}`) },
      { weight: 1, arbitrary: fc.constantFrom("", "fd00::7", "10.1.2", "x") },
    );
    const subnet = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom(
          "10.1.2.0/24",
          "10.1.2.0/25",
          "10.1.3.0/26",
          "10.1.0.0/16",
          "fd00::/64",
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom("10.1.2.7/24", "10.1.2.0/31", "", "x/24"),
      },
    );
    const range = fc.record(
      { subnet, rangeStart: text, rangeEnd: text, gateway: text },
      { requiredKeys: ["subnet"] },
    );
    const ranges = fc.array(fc.array(range, { maxLength: 2 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(ranges, (sets) => {
        const sample = { ipam: { ranges: sets } };
        const ours = outcome(sample, callHandlers);
        const theirs = outcome(sample, (call) => callProgram(hostLocal, call));
        if (theirs === "refused") {
          expect(ours).toBe("refused");
          return;
        }
        const avoided = reservedOf(sets);
        if (theirs.some((ip) => avoided.has(ip)))
          expect(intersection(avoided, ours)).toEqual([]);
        else expect(ours).toEqual(theirs);
      }),
      {
        numRuns: 400,
        examples: [
          [
            [
              [
                { ...NET, rangeEnd: "10.1.2.1", gateway: "10.1.2.2" },
                { ...NET, rangeStart: "10.1.2.2" },
              ],
            ],
          ],
        ],
      },
    );
  });
});
