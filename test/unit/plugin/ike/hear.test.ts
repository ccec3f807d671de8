import { describe, expect, it } from "vitest";
import type { ListedIke } from "../../../../plugin/ike/charon/listed.ts";
import {
  forgetMended,
  hear,
  type TunnelTroubles,
} from "../../../../plugin/ike/hear.ts";
import { tunnel } from "./charon/tunnel.ts";

const NAME = "crosslink-434c1234";

/** What is wrong with the tunnel after charon has said these lines of it, and what went into the log. */
function heard(...lines: string[]): {
  trouble: string | undefined;
  troubles: TunnelTroubles;
  hints: unknown[];
} {
  const troubles: TunnelTroubles = { errors: new Map(), refusals: new Map() };
  const hints: unknown[] = [];
  for (const line of lines)
    hear(
      `05[KNL] <${NAME}|3> ${line}`,
      { tunnels: [tunnel()], troubles },
      (_level, _text, { hint } = {}) => hints.push(hint),
    );
  return { trouble: troubles.errors.get(NAME), troubles, hints };
}

const REFUSED = [
  "received netlink error: Requested AEAD algorithm not found (38)",
  "unable to add SAD entry with SPI c57e4ff8 (FAILED)",
  "unable to install inbound and outbound IPsec SA (SAD) in kernel",
];

describe("hear()", () => {
  it("has the kernel's own words where it refuses an SA", () => {
    const { trouble, hints } = heard(...REFUSED);
    expect(trouble).toContain("it has no AEAD algorithm rfc4106(gcm(aes))");
    expect(hints).toEqual([undefined, undefined, trouble]);
  });

  it("keeps what is wrong here, whatever the peer has to say", () => {
    const { trouble } = heard(
      ...REFUSED,
      "received NO_PROPOSAL_CHOSEN notify error",
      "IDr payload missing",
    );
    expect(trouble).toContain("this node's kernel refuses the SA");
  });

  it("says that a peer proves nothing, whatever the kernel refused before", () => {
    const { trouble } = heard(
      ...REFUSED,
      "tried 1 shared key for 'one.a' - 'two.b', but MAC mismatched",
    );
    expect(trouble).toContain("does not prove who it says it is");
  });

  it("says why a certificate is not believed", () => {
    const revoked = "certificate was revoked on Nov 29 00:17:31 UTC 2026";
    const { trouble } = heard(
      ...REFUSED,
      revoked,
      "no trusted ECDSA public key found for 'two.b'",
    );
    expect(trouble).toContain("revoked");
  });

  it("says that a certificate is out of its time", () => {
    const { trouble } = heard(
      "subject certificate invalid (valid from Nov 29 11:25:30 2026 to Nov 29 11:25:30 2027)",
      "no trusted ECDSA public key found for 'two.b'",
    );
    expect(trouble).toContain("is not valid at this time");
  });

  it("takes a later trouble for an earlier one otherwise", () => {
    const { trouble } = heard(
      "received NO_PROPOSAL_CHOSEN notify error",
      "IDr payload missing",
    );
    expect(trouble).toContain("the peer breaks off");
  });

  it("knows nothing of connections that are none of these", () => {
    const { troubles } = heard();
    hear(
      "05[IKE] <crosslink-434cffff|3> peer not responding",
      { tunnels: [tunnel()], troubles },
      () => undefined,
    );
    expect(troubles.errors.size).toBe(0);
  });
});

describe("forgetMended()", () => {
  it("takes a tunnel that is up for one without troubles", () => {
    const { troubles } = heard(...REFUSED);
    forgetMended(troubles, [listed("CREATED")]);
    expect(troubles.errors.size).toBe(1);
    forgetMended(troubles, [listed("INSTALLED")]);
    expect([troubles.errors.size, troubles.refusals.size]).toEqual([0, 0]);
  });
});

function listed(state: string): ListedIke {
  return {
    connection: NAME,
    state: "ESTABLISHED",
    localId: "one.a",
    remoteId: "two.b",
    remoteHost: "203.0.113.2",
    algorithms: "",
    ageSeconds: 1,
    rekeySeconds: 1,
    children: [
      {
        id: "1",
        state,
        spiIn: 1,
        spiOut: 2,
        algorithms: "",
        inUdp: false,
        heardSeconds: undefined,
        ageSeconds: 1,
        rekeySeconds: 1,
      },
    ],
  };
}
