import { describe, expect, it } from "vitest";
import { Secret } from "../../../../conf/secret.ts";
import { connectionOf } from "../../../../plugin/ike/charon/connection.ts";
import {
  formatRouters,
  secretsOfRouters,
} from "../../../../plugin/commands/router-words.ts";
import { tunnel } from "../ike/charon/tunnel.ts";

const psk = "0x8tZ3Jz1v9mJw0Zb3Xn5gk0C0yKcW6a4eR1hQ2uT5o=";
const ours = tunnel({
  localId: "router.office",
  secrets: [{ keyId: 7, psk: new Secret(Buffer.from(psk)) }],
});
const routers = [{ network: "office", router: "router", tunnels: [ours] }];

describe("formatRouters()", () => {
  it.each(["swanctl", "generic"] as const)(
    "says ends, identities and selectors in %s's words, and no secret",
    (dialect) => {
      const text = formatRouters(routers, dialect);
      for (const word of [
        "172.17.0.2",
        "203.0.113.2",
        "router.office",
        "two.b",
        "10.0.0.0/24",
        "10.0.1.0/24",
      ])
        expect(text).toContain(word);
      expect(text).not.toContain(psk);
      expect(text).not.toContain(Buffer.from(psk).toString("hex"));
    },
  );

  it("asks the router for what our charon asks for", () => {
    const text = formatRouters(routers, "swanctl");
    const [[, connection] = []] = Object.entries(connectionOf(ours).section);
    const { proposals } = connection as { proposals: readonly string[] };
    expect(text).toContain(`    proposals = ${proposals.join(",")}\n`);
    expect(text.match(/\{$/gmu)?.length).toBe(text.match(/^\s*\}$/gmu)?.length);
  });

  it("has the router wait for a node that initiates", () => {
    const roaming = tunnel({ initiator: "peer", remote: new Uint8Array(4) });
    const waiting = [{ ...routers[0]!, tunnels: [roaming] }];
    const text = formatRouters(waiting, "swanctl");
    expect(text).toContain("    remote_addrs = %any\n");
    expect(text).toContain("        start_action = none\n");
    expect(text).not.toContain("trap");
    expect(formatRouters(waiting, "generic")).toContain("any: it begins");
  });

  it("says where ESP has to be in UDP", () => {
    const inUdp = [{ ...routers[0]!, tunnels: [{ ...ours, inUdp: true }] }];
    expect(formatRouters(inUdp, "swanctl")).toContain("    encap = yes\n");
    expect(formatRouters(inUdp, "generic")).toContain("always in UDP");
  });
});

describe("secretsOfRouters()", () => {
  it("writes each for its two ends, in hexadecimal: as a text it could be taken for a code", () => {
    expect(secretsOfRouters(routers)).toBe(`secrets {
  # Router router of office
  ike-crosslink-434c1234-7 {
    id-1 = fqdn:router.office
    id-2 = fqdn:two.b
    secret = 0x${Buffer.from(psk).toString("hex")}
    # As a text: ${psk}
  }
}
`);
  });
});

describe("a network of several routers", () => {
  const each = ["router", "spare"].map((router) => ({
    ...{ network: "office", router },
    tunnels: [{ ...ours, localId: `${router}.office` }],
  }));

  it.each([
    ["connections", formatRouters(each, "swanctl"), /^ {2}(crosslink\S+) \{/gm],
    ["secrets", secretsOfRouters(each), /^ {2}(ike-\S+) \{/gm],
  ])(
    "has %s of different names: strongSwan keeps one of a name, and a router may be given all",
    (_, text, pattern) => {
      const names = [...text.matchAll(pattern)].map(([, name]) => name);
      expect(new Set(names).size).toBe(2);
    },
  );
});
