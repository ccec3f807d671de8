import { describe, expect, it } from "vitest";
import { accountToRenew } from "../../../../../plugin/kubernetes/publish/tokens.ts";

const token = (claims: unknown) =>
  `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
const good = {
  iat: 1000,
  exp: 2000,
  sub: "system:serviceaccount:crosslink-system:peer-a",
};

describe("accountToRenew()", () => {
  it("names the account from half of the token's life on, until its end", () => {
    const at = (now: number) => accountToRenew(token(good), now);
    expect([1400, 1501, 1999, 2001].map(at)).toEqual([
      undefined,
      "peer-a",
      "peer-a",
      undefined,
    ]);
  });

  it.each([
    undefined,
    "",
    "x.y.z",
    token(null),
    token({ ...good, sub: "system:serviceaccount:kube-system:peer-a" }),
    token({ ...good, sub: "system:serviceaccount:crosslink-system:../x" }),
    token({ ...good, exp: "never" }),
    token({ ...good, iat: undefined }),
  ])("lets %j be", (text) => {
    expect(accountToRenew(text, 1800)).toBeUndefined();
  });
});
