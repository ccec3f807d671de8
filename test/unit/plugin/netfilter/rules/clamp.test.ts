import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import {
  clampChain,
  legacyClampRules,
} from "../../../../../plugin/netfilter/rules/clamp.ts";
import { setPool } from "../../../../../plugin/netfilter/table/set-pool.ts";

const PAIRS = [
  ["10.0.0.0/24", "10.1.0.0/16", true],
  ["10.0.0.0/24", "192.168.7.0/24", false],
  ["fd00:1::/64", "fd00:2::/64", true],
].map(([local, remote, encrypted]) => ({
  local: parseCidr(String(local)),
  remote: parseCidr(String(remote)),
  encrypted: encrypted === true,
}));

const chainOf = (pairs: typeof PAIRS, family: 4 | 6) => {
  const pool = setPool();
  const chains = clampChain(pairs, family, { pool, innerMtu: 1400 });
  return { chains, sets: pool.sets() };
};

describe("clampChain()", () => {
  it.each([
    [4, "ip", 1360],
    [6, "ip6", 1340],
  ] as const)(
    "lowers sizes outward to the path's, inward to the tunnel's, for IPv%i",
    (family, word, size) => {
      const { chains } = chainOf(PAIRS, family);
      expect(
        chains.flatMap(({ rules }) => rules.map(({ purpose }) => purpose)),
      ).toEqual([
        `${word} saddr @local ${word} daddr @remote tcp option maxseg size set rt mtu`,
        `${word} saddr @remote ${word} daddr @local tcp option maxseg size set ${String(size)}`,
      ]);
    },
  );

  it("concerns encrypted networks alone", () => {
    expect(
      chainOf(PAIRS, 4).sets.flatMap(({ networks }) =>
        networks.map(({ text }) => text),
      ),
    ).toEqual(["10.0.0.0/24", "10.1.0.0/16"]);
    const plain = PAIRS.filter(({ encrypted }) => !encrypted);
    expect(chainOf(plain, 4)).toEqual({ chains: [], sets: [] });
  });
});

describe("legacyClampRules()", () => {
  it("say the same in iptables' words", () => {
    expect(legacyClampRules(PAIRS, 1400).map(({ text }) => text())).toEqual([
      expect.stringMatching(
        /^-s 10\.0\.0\.0\/24 -d 10\.1\.0\.0\/16 -p tcp .*-j TCPMSS --clamp-mss-to-pmtu$/u,
      ),
      expect.stringMatching(
        /^-s 10\.1\.0\.0\/16 -d 10\.0\.0\.0\/24 -p tcp .*-j TCPMSS --set-mss 1360$/u,
      ),
      expect.stringMatching(/^-s fd00:1::\/64 .*--clamp-mss-to-pmtu$/u),
      expect.stringMatching(/^-s fd00:2::\/64 .*--set-mss 1340$/u),
    ]);
  });
});
