import { describe, expect, it } from "vitest";
import { AF_INET, AF_INET6 } from "../../../../native/address.ts";
import {
  addChain,
  decodeChain,
  deleteChain,
} from "../../../../native/nftables/chain.ts";
import {
  addTable,
  decodeTable,
  deleteTable,
} from "../../../../native/nftables/table.ts";
import {
  expectGolden,
  expectSameBytes,
  golden,
} from "../../../support/golden.ts";

const table = { family: AF_INET6, table: "crosslink" };

describe("tables and chains", () => {
  it("are added and deleted with the bytes that nft sends", () => {
    expectGolden("nftables/table", addTable(table));
    expectGolden("nftables/table", deleteTable(table));
    expectGolden("nftables/table", deleteChain({ ...table, chain: "own" }));
    expectGolden("nftables/table", addChain({ ...table, chain: "own" }));
  });

  it("carry hook, priority, policy and type as nft writes them", () => {
    const request = addChain(
      { ...table, chain: "forward" },
      { type: "filter", hook: 2, priority: -150, policy: "drop" },
    );
    expectGolden("nftables/table", request);
    expect(decodeChain(request.body).base).toEqual({
      type: "filter",
      hook: 2,
      priority: -150,
      policy: "drop",
    });
  });

  it("of iptables-nft are made from the same attributes", () => {
    const [made] = golden("nftables/iptables-return6", 0xa03);
    const chain = decodeChain(made!.body);
    expect(chain).toMatchObject({
      family: AF_INET6,
      table: "nat",
      chain: "POSTROUTING",
      base: { type: "nat", hook: 4, priority: 100, policy: "accept" },
    });
  });

  it("decode from what was encoded", () => {
    expect(decodeTable(addTable(table).body)).toMatchObject(table);
    const chain = { family: AF_INET, table: "t", chain: "c" };
    expect(decodeChain(addChain(chain).body)).toEqual({ ...chain, handle: 0n });
    expectSameBytes(
      addChain(chain).body,
      addChain(decodeChain(addChain(chain).body)).body,
    );
  });
});
