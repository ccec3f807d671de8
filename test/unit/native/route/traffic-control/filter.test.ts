import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Attribute,
  attrBytes,
  attrString,
  attrU32,
  encodeBody,
  nested,
} from "../../../../../native/attribute.ts";
import { encode } from "../../../../../native/layout.ts";
import { RTM_GETTFILTER } from "../../../../../native/route/constants.ts";
import { tcmsg, tcMirred } from "../../../../../native/route/structs.ts";
import {
  decodeFilter,
  encodeFilterQuery,
} from "../../../../../native/route/traffic-control/filter.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../../support/arbitrary.ts";
import { expectGolden } from "../../../../support/golden.ts";

/** include/uapi/linux/pkt_cls.h: TCA_EGRESS_REDIR, TCA_EGRESS_MIRROR, TCA_INGRESS_REDIR. */
const [REDIRECT, MIRROR, REDIRECT_IN] = [1, 2, 3];

function filter(kind: string, options: readonly Attribute[]): Uint8Array {
  return encodeBody(encode(tcmsg, { tcm_ifindex: 3, tcm_parent: 0xfffffff2 }), [
    attrString(1, kind),
    nested(2, options),
  ]);
}

function mirred(eaction: number, ifindex: number): Attribute {
  const parameters = encode(tcMirred, { eaction, ifindex, action: 4 });
  return nested(1, [
    attrString(1, "mirred"),
    nested(2, [attrBytes(2, parameters)]),
  ]);
}

const program = [
  attrString(7, "cil_from_contai"),
  attrU32(8, 1),
  attrU32(11, 42),
];
const full = filter("bpf", [...program, nested(1, [mirred(REDIRECT, 7)])]);

describe("encodeFilterQuery()", () => {
  it("sends what `tc filter show dev d0 ingress` sends", () => {
    expectGolden("tc/filter-list", {
      type: RTM_GETTFILTER,
      body: encodeFilterQuery(3),
    });
  });
});

describe("decodeFilter()", () => {
  it("reads an eBPF program and an action", () => {
    expect(decodeFilter(full)).toEqual({
      kind: "bpf",
      actions: [{ kind: "mirred", target: { index: 7, redirects: true } }],
      program: { id: 42, name: "cil_from_contai" },
    });
  });

  it.each([
    ["u32", 7],
    ["flower", 3],
    ["matchall", 2],
    ["basic", 3],
    ["fw", 4],
    ["route", 6],
    ["cgroup", 1],
    ["flow", 9],
  ])("finds the actions of a %s filter", (kind, type) => {
    const body = filter(kind, [
      nested(type, [mirred(REDIRECT_IN, 8), mirred(MIRROR, 9)]),
    ]);
    expect(decodeFilter(body).actions.map(({ target }) => target)).toEqual([
      { index: 8, redirects: true },
      { index: 9, redirects: false },
    ]);
  });

  it("finds an eBPF program that is an action", () => {
    const action = nested(1, [
      attrString(1, "bpf"),
      nested(2, [attrString(6, "cali_tc"), attrU32(9, 43)]),
    ]);
    expect(decodeFilter(filter("u32", [nested(7, [action])])).actions).toEqual([
      { kind: "bpf", program: { id: 43, name: "cali_tc" } },
    ]);
  });

  it("takes classic BPF, and a program that only classifies, for none", () => {
    const classic = [attrBytes(5, new Uint8Array(8)), attrU32(8, 1)];
    expect(decodeFilter(filter("bpf", classic))).not.toHaveProperty("program");
    const classifier = [attrString(7, "x"), attrU32(8, 0)];
    expect(decodeFilter(filter("bpf", classifier))).not.toHaveProperty(
      "program",
    );
  });

  it("throws nothing but RangeError", () => {
    fc.assert(
      fc.property(damaged(fc.constant(full)), (bytes) => {
        expectRangeErrorOrResult(() => decodeFilter(bytes));
      }),
    );
  });
});
