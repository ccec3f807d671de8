import { describe, expect, it } from "vitest";
import { AF_INET } from "../../../native/address.ts";
import { ipv4, ipv6, routePair } from "../../support/route-pair.ts";

describe("neighbours()", () => {
  it("sees what `ip neigh` sees, in both families", () => {
    using pair = routePair();
    pair.near.shell(
      "ip neigh add 10.77.0.9 dev near0 nud failed; ip neigh add fd00:77::9 lladdr 02:00:00:00:00:09 dev near0 nud stale",
    );
    const { index } = pair.client.link("near0")!;
    const wanted = [
      { index, address: ipv4("10.77.0.9"), state: 0x20 },
      {
        index,
        address: ipv6("fd000077000000000000000000000009"),
        state: 0x04,
      },
    ];
    expect(pair.client.neighbours()).toEqual(expect.arrayContaining(wanted));
    expect(pair.client.neighbours(AF_INET)).toEqual([wanted[0]]);
  });
});

describe("rules()", () => {
  it("sees what `ip rule` sees of goto, not, suppress_prefixlength, actions and ports", () => {
    using pair = routePair();
    pair.near.shell(`ip rule add pref 10 goto 30
      ip rule add pref 20 not from 10.1.0.0/16 blackhole
      ip rule add pref 30 lookup main suppress_prefixlength 0
      ip rule add pref 40 to 10.2.0.7 prohibit
      ip rule add pref 50 ipproto tcp sport 1024-60999 dport 25 unreachable
      ip rule add pref 60 tos 0x10 uidrange 0-100000 lookup 77`);
    const rules = pair.client
      .rules(AF_INET)
      .filter(({ priority }) => priority > 0 && priority < 100)
      .map(({ priority, action, ...rest }) => ({ priority, action, rest }));
    expect(rules).toMatchObject([
      { priority: 10, action: 2, rest: { target: 30 } },
      { priority: 20, action: 6, rest: { inverted: true } },
      { priority: 30, action: 1, rest: { table: 254, suppressedLength: 0 } },
      { priority: 40, action: 8, rest: { destination: { length: 32 } } },
      {
        ...{ priority: 50, action: 7 },
        rest: {
          ipProtocol: 6,
          sourcePorts: { start: 1024, end: 60_999 },
          destinationPorts: { start: 25, end: 25 },
        },
      },
      {
        ...{ priority: 60, action: 1 },
        rest: { tos: 16, users: { start: 0, end: 100_000 } },
      },
    ]);
    expect(rules[3]?.rest).not.toHaveProperty("isNarrow");
    expect(rules[1]?.rest).not.toHaveProperty("suppressedLength");
  });
});
