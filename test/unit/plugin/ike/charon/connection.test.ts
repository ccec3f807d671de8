import { describe, expect, it } from "vitest";
import { parseCidr } from "../../../../../ip/cidr.ts";
import {
  connectionOf,
  secretsOf,
} from "../../../../../plugin/ike/charon/connection.ts";
import { tunnel } from "./tunnel.ts";

describe("connectionOf()", () => {
  it("says all that charon needs, and leaves the policies to us", () => {
    const { name, section } = connectionOf(tunnel());
    expect(name).toBe("crosslink-434c1234");
    expect(section).toMatchObject({
      [name]: {
        version: "2",
        local_addrs: ["172.17.0.2"],
        remote_addrs: ["203.0.113.2"],
        mobike: "no",
        encap: "no",
        local: { auth: "psk", id: "fqdn:one.a" },
        remote: { auth: "psk", id: "fqdn:two.b" },
        children: {
          [name]: {
            mode: "tunnel",
            policies: "no",
            reqid: String(0x434c1234),
            start_action: "trap",
            local_ts: ["10.0.0.0/24"],
            remote_ts: ["10.0.1.0/24"],
            replay_window: "1024",
          },
        },
      },
    });
  });

  it("waits for one that initiates, wherever it comes from", () => {
    const { name, section } = connectionOf(tunnel({ initiator: "peer" }));
    expect(section).toMatchObject({
      [name]: {
        remote_addrs: ["%any"],
        children: {
          [name]: {
            start_action: "none",
            close_action: "none",
            dpd_action: "clear",
          },
        },
      },
    });
  });

  it("takes whole families where IKE has no room for the selectors", () => {
    const remoteCidrs = [
      ...Array.from({ length: 300 }, (_, i) =>
        parseCidr(`10.${String(i >> 8)}.${String(i & 255)}.0/24`),
      ),
      parseCidr("fd00::/64"),
    ];
    const { name, section } = connectionOf(tunnel({ remoteCidrs }));
    expect(section).toMatchObject({
      [name]: { children: { [name]: { remote_ts: ["0.0.0.0/0", "::/0"] } } },
    });
  });

  it("holds no secret", () => {
    expect(JSON.stringify(connectionOf(tunnel()))).not.toContain("secret");
  });
});

describe("secretsOf()", () => {
  it("gives each to both identities, the active one's first", () => {
    expect(secretsOf(tunnel()).map(({ section }) => section)).toEqual([
      {
        id: "crosslink-434c1234-2",
        type: "IKE",
        data: "the second secret",
        owners: ["fqdn:one.a", "fqdn:two.b"],
      },
      {
        id: "crosslink-434c1234-1",
        type: "IKE",
        data: "the first secret",
        owners: ["fqdn:one.a", "fqdn:two.b"],
      },
    ]);
  });
});
