import { describe, expect, it } from "vitest";
import { AF_INET } from "../../../native/address.ts";
import { ERESTART } from "../../../native/nftables/batch.ts";
import { addChain } from "../../../native/nftables/chain.ts";
import {
  type NftablesClient,
  openNftables,
  transact,
} from "../../../native/nftables/client.ts";
import { addElements } from "../../../native/nftables/element.ts";
import {
  intervalsOf,
  prefixElements,
} from "../../../native/nftables/interval.ts";
import { addRule, expressionsOf } from "../../../native/nftables/rule.ts";
import { addSet } from "../../../native/nftables/set.ts";
import { addTable } from "../../../native/nftables/table.ts";
import { binding } from "../../support/binding.ts";
import { namespace, type Namespace } from "../../support/namespace.ts";

const table = { family: AF_INET, table: "crosslink" };
const chain = { ...table, chain: "postrouting" };
const nat = { type: "nat", hook: 4, priority: 90, policy: "accept" } as const;
const set = { ...table, set: "local" };
const bytes = (...numbers: number[]) => Uint8Array.from(numbers);

function open(ns: Namespace): NftablesClient & Disposable {
  const client = openNftables(binding, { netns: ns.fd });
  return {
    ...client,
    [Symbol.dispose]: () => {
      client.close();
    },
  };
}

describe("transact()", () => {
  it("makes what nft lists, and reads back what it made", () => {
    using ns = namespace();
    using client = open(ns);
    transact(client, () => [
      addTable(table),
      addChain(chain, nat),
      addSet({ ...set, fields: [{ type: 7, length: 4 }], id: 1 }),
      ...addElements(
        set,
        prefixElements({ address: bytes(10, 1, 0, 0), length: 24 }),
      ),
      addRule(
        {
          ...chain,
          comment: "crosslink",
          expressions: [
            {
              kind: "payload",
              base: "network",
              offset: 12,
              length: 4,
              register: 1,
            },
            { kind: "lookup", set: "local", register: 1, inverted: false },
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
      ),
    ]);
    const listed = ns.exec("nft", "list", "ruleset");
    expect(listed).toContain("elements = { 10.1.0.0/24 }");
    expect(listed).toContain(
      "type nat hook postrouting priority srcnat - 10; policy accept;",
    );
    expect(listed).toContain(
      'ip saddr @local snat to ip saddr comment "crosslink"',
    );
    expect(client.chains()).toMatchObject([{ ...chain, base: nat }]);
    expect(client.sets(table)).toMatchObject([{ ...set, flags: 4 }]);
    expect(intervalsOf(client.elements(set))).toEqual([
      { first: bytes(10, 1, 0, 0), behind: bytes(10, 1, 1, 0) },
    ]);
    const [rule] = client.rules(chain);
    expect(rule).toMatchObject({ comment: "crosslink" });
    expect(expressionsOf(rule!)).toHaveLength(3);
  });

  it("builds anew when somebody else changes the ruleset in between", () => {
    using ns = namespace();
    using client = open(ns);
    const seen: number[] = [];
    transact(client, (generation) => {
      seen.push(generation);
      if (seen.length < 3) ns.exec("nft", "add", "table", `t${seen.length}`);
      return [addTable(table)];
    });
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(3);
  });

  it("gives up where the ruleset never stands still", () => {
    using ns = namespace();
    using client = open(ns);
    let built = 0;
    const build = () => {
      ns.exec("nft", "add", "table", `t${built++}`);
      return [addTable(table)];
    };
    expect(() => {
      transact(client, build, { attempts: 3 });
    }).toThrow(expect.objectContaining({ errno: ERESTART }) as Error);
    expect(built).toBe(3);
    expect(client.tables().map((found) => found.table)).not.toContain(
      "crosslink",
    );
  });

  it("takes back all when one operation is refused, and names that one", () => {
    using ns = namespace();
    using client = open(ns);
    const nowhere = { ...table, table: "nowhere", chain: "c" };
    expect(() => {
      transact(client, () => [addTable(table), addChain(nowhere)]);
    }).toThrow("Cannot add chain ip nowhere c: NFT_MSG_NEWCHAIN: ENOENT");
    expect(client.tables()).toEqual([]);
  });
});

describe("NftablesClient", () => {
  it("lists nothing of what is not there", () => {
    using ns = namespace();
    using client = open(ns);
    expect(client.tables()).toEqual([]);
    expect(client.rules(chain)).toEqual([]);
    expect(client.sets(table)).toEqual([]);
    expect(client.elements(set)).toEqual([]);
  });

  it("reads a ruleset full of other people's expressions", () => {
    using ns = namespace();
    using client = open(ns);
    ns.shell(`
      iptables-nft -t nat -A POSTROUTING -s 10.0.0.0/8 -m addrtype ! --dst-type LOCAL -m statistic --mode random --probability 0.5 -j MASQUERADE --random-fully
      ip6tables-nft -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m limit --limit 5/s -j LOG
      nft 'add table inet t; add map inet t m { type ipv4_addr : verdict; }; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ip saddr vmap @m; add rule inet t c tcp dport { 80, 443 } ip6 saddr . tcp sport { ::1 . 5 } log prefix "x" limit rate 5/second drop; add rule inet t c meta mark set jhash ip saddr mod 16 notrack'
    `);
    const rules = client.tables().flatMap((found) => client.rules(found));
    const kinds = rules.flatMap(expressionsOf).map(({ kind }) => kind);
    expect(rules.length).toBeGreaterThanOrEqual(5);
    expect(kinds).toContain("opaque");
    expect(kinds).toContain("target");
  });
});
