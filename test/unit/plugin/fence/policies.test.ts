import { expect, it } from "vitest";
import { blockPolicies } from "../../../../plugin/fence/policies.ts";
import { cidrs, policyText } from "../../../support/mesh/mesh.ts";

it("blockPolicies() blocks each way, with any address at the other end, the way out last", () => {
  expect(
    blockPolicies(cidrs(["10.2.0.0/16", "fd02::/48"])).map(policyText),
  ).toEqual([
    "src 10.2.0.0/16 dst 0.0.0.0/0 dir in action block priority 17299",
    "src 10.2.0.0/16 dst 0.0.0.0/0 dir fwd action block priority 17299",
    "src 0.0.0.0/0 dst 10.2.0.0/16 dir out action block priority 17299",
    "src fd02::/48 dst ::/0 dir in action block priority 17299",
    "src fd02::/48 dst ::/0 dir fwd action block priority 17299",
    "src ::/0 dst fd02::/48 dir out action block priority 17299",
  ]);
});
