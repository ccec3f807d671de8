import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readListed } from "../../../../../plugin/ike/charon/listed.ts";
import type { Section } from "../../../../../plugin/ike/vici/message.ts";

/** As charon 5.9.8 sends it. */
const event: Section = {
  "crosslink-434c1234": {
    uniqueid: "1",
    version: "2",
    state: "ESTABLISHED",
    "local-id": "one.a",
    "remote-id": "two.b",
    "remote-host": "203.0.113.2",
    "encr-alg": "AES_GCM_16",
    "encr-keysize": "256",
    "prf-alg": "PRF_HMAC_SHA2_384",
    "dh-group": "CURVE_25519",
    established: "12",
    "rekey-time": "13000",
    "child-sas": {
      "crosslink-434c1234-1": {
        uniqueid: "7",
        state: "INSTALLED",
        encap: "yes",
        "spi-in": "c1234567",
        "spi-out": "c89abcde",
        "encr-alg": "AES_GCM_16",
        "encr-keysize": "256",
        esn: "1",
        "rekey-time": "3200",
        "install-time": "11",
        "use-in": "3",
      },
    },
  },
};

const sections = fc.letrec<{ section: Section }>((tie) => ({
  section: fc.dictionary(
    fc.oneof(
      fc.constantFrom("child-sas", "state", "spi-in", "established", "encap"),
      fc.string({ minLength: 1 }),
    ),
    fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.string(),
      fc.array(fc.string()),
      tie("section"),
    ),
  ),
})).section;

describe("readListed()", () => {
  it("reads what charon lists", () => {
    expect(readListed(event)).toEqual([
      {
        connection: "crosslink-434c1234",
        state: "ESTABLISHED",
        localId: "one.a",
        remoteId: "two.b",
        remoteHost: "203.0.113.2",
        algorithms: "AES_GCM_16-256/PRF_HMAC_SHA2_384/CURVE_25519",
        ageSeconds: 12,
        rekeySeconds: 13000,
        children: [
          {
            id: "7",
            state: "INSTALLED",
            spiIn: 0xc1234567,
            spiOut: 0xc89abcde,
            algorithms: "AES_GCM_16-256/ESN",
            inUdp: true,
            ageSeconds: 11,
            rekeySeconds: 3200,
            heardSeconds: 3,
          },
        ],
      },
    ]);
  });

  it("reads whatever comes", () => {
    fc.assert(
      fc.property(sections, (message) => {
        for (const { children } of readListed(message))
          for (const { spiIn } of children)
            expect(spiIn === undefined || Number.isSafeInteger(spiIn)).toBe(
              true,
            );
      }),
    );
  });
});
