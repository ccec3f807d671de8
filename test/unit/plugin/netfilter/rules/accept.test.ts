import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import { acceptRules } from "../../../../../plugin/netfilter/rules/accept.ts";

const PAIRS = [
  {
    local: parseCidr("10.0.0.0/24"),
    remote: parseCidr("10.1.0.0/16"),
    encrypted: false,
  },
  {
    local: parseCidr("fd00:1::/64"),
    remote: parseCidr("fd00:2::/64"),
    encrypted: false,
  },
];

describe("acceptRules()", () => {
  it("answer a policy that drops, both ways, in their family alone", () => {
    const rules = acceptRules(PAIRS, 6, { policy: "drop" });
    expect(
      rules.map(
        ({ source, destination, verdict, spares }) =>
          `${source.text} ${destination.text} ${verdict} ${spares.length}`,
      ),
    ).toEqual([
      "fd00:1::/64 fd00:2::/64 ACCEPT 0",
      "fd00:2::/64 fd00:1::/64 ACCEPT 0",
    ]);
  });

  it("are none where the policy accepts", () => {
    expect(acceptRules(PAIRS, 4, { policy: "accept" })).toEqual([]);
  });
});
