import { describe, expect, it } from "vitest";
import { AF_INET, AF_INET6 } from "../../../../native/address.ts";
import type { Expression } from "../../../../native/nftables/expression/expression.ts";
import {
  addRule,
  decodeRule,
  deleteRule,
  expressionsOf,
} from "../../../../native/nftables/rule.ts";
import { expectGolden, golden } from "../../../support/golden.ts";

const NEWRULE = 0xa06;
const bytes = (...numbers: number[]) => Uint8Array.from(numbers);

describe("addRule()", () => {
  it("sends what nft sends for the identity SNAT", () => {
    const source: Expression = {
      kind: "payload",
      base: "network",
      offset: 12,
      length: 4,
      register: 1,
    };
    const request = addRule(
      {
        family: AF_INET,
        table: "crosslink",
        chain: "postrouting",
        comment: "crosslink",
        expressions: [
          source,
          lookup("local", 1),
          { ...source, offset: 16 },
          lookup("remote", 2),
          { kind: "meta", key: 3, access: "load", register: 1 },
          {
            kind: "bitwise",
            source: 1,
            destination: 1,
            mask: bytes(0, 0x40, 0, 0),
            xor: bytes(0, 0, 0, 0),
          },
          {
            kind: "cmp",
            operator: "!=",
            register: 1,
            value: bytes(0, 0x40, 0, 0),
          },
          { kind: "counter", packets: 0n, bytes: 0n },
          source,
          {
            kind: "nat",
            type: "snat",
            family: AF_INET,
            addressRegister: 1,
            flags: 0,
          },
        ],
      },
      { at: "end" },
    );
    expectGolden("nftables/snat", request);
    expect(request.flags).toBe(golden("nftables/snat", NEWRULE)[0]!.flags & ~1);
  });

  it("inserts at the head with the flags that nft uses for that", () => {
    const [, inserted] = golden("nftables/snat", NEWRULE);
    const rule = decodeRule(inserted!.body);
    const request = addRule(
      { ...rule, expressions: expressionsOf(rule) },
      { at: "head" },
    );
    expect(request.flags! | 1).toBe(inserted!.flags);
    expectGolden("nftables/snat", request);
  });

  it("names its neighbour by handle", () => {
    const name = { family: AF_INET6, table: "t", chain: "c", expressions: [] };
    const { body } = addRule(name, { at: "before", handle: 0x0102030405n });
    expect(decodeRule(body)).toMatchObject({
      family: AF_INET6,
      table: "t",
      chain: "c",
      position: 0x0102030405n,
    });
  });
});

describe("deleteRule()", () => {
  it("sends what nft sends", () => {
    expectGolden(
      "nftables/delete-rule",
      deleteRule({ family: AF_INET, table: "nat", chain: "POSTROUTING" }, 2n),
    );
  });
});

describe("decodeRule()", () => {
  it("reads the comment that nft keeps in the userdata", () => {
    const [identity, ports] = golden("nftables/snat", NEWRULE).map(({ body }) =>
      decodeRule(body),
    );
    expect(identity!.comment).toBe("crosslink");
    expect(ports!.comment).toBe("ports");
  });

  it("gives no comment where there is none", () => {
    const [rule] = golden("nftables/iptables-return6", NEWRULE);
    expect(decodeRule(rule!.body).comment).toBeUndefined();
  });
});

function lookup(set: string, setId: number): Expression {
  return { kind: "lookup", set, register: 1, setId, inverted: false };
}
