import { describe, expect, it } from "vitest";
import {
  type ObservedAssociation,
  XFRM_STATE_ESN,
} from "../../../../native/index.ts";
import type { ListedChild } from "../../../../plugin/ike/charon/listed.ts";
import { rekeyDue } from "../../../../plugin/ike/rekey.ts";
import { associationOf, childOf } from "./association.ts";
import { tunnel } from "./charon/tunnel.ts";

/** Which children the agent asks charon to rekey, of these and the kernel's SAs. */
async function rekeyed(
  children: readonly ListedChild[],
  negotiated: readonly ObservedAssociation[] = [],
): Promise<unknown[]> {
  const asked: unknown[] = [];
  const vici = {
    request: (command: string, message: object = {}) => {
      asked.push([command, message]);
      return Promise.resolve({});
    },
    stream: () => Promise.resolve(),
    listen: () => Promise.resolve(),
    close: () => undefined,
  };
  const ike = {
    connection: "crosslink-434c1234",
    state: "ESTABLISHED",
    localId: "one.a",
    remoteId: "two.b",
    remoteHost: "203.0.113.2",
    algorithms: "",
    ageSeconds: 60,
    rekeySeconds: 14_000,
    children,
  };
  await rekeyDue(vici, {
    listed: [ike],
    associations: [
      {
        tunnel: tunnel(),
        derived: [],
        negotiated,
        isAskedFor: false,
        children,
      },
    ],
  });
  return asked;
}

/** An outbound SA with ESN that has sent this many packets. */
function sent(output: bigint): ObservedAssociation {
  return associationOf("out", 2, 60, {
    flags: XFRM_STATE_ESN,
    sequence: { output, input: 0n },
  });
}

describe("rekeyDue()", () => {
  it("asks where the time has come", async () => {
    expect(await rekeyed([{ ...childOf(1, 2), rekeySeconds: 15 }])).toEqual([
      ["rekey", { "child-id": "1" }],
    ]);
    expect(await rekeyed([{ ...childOf(1, 2), rekeySeconds: 16 }])).toEqual([]);
  });

  it("asks where half of the sequence numbers have been sent, however young the keys are", async () => {
    const young = [{ ...childOf(1, 2), rekeySeconds: 3000 }];
    expect(await rekeyed(young, [sent(2n ** 63n)])).toEqual([
      ["rekey", { "child-id": "1" }],
    ]);
    expect(await rekeyed(young, [sent(2n ** 63n - 2n ** 40n)])).toEqual([]);
  });

  it("does not ask twice", async () => {
    const going = [{ ...childOf(1, 2, "REKEYING"), rekeySeconds: 1 }];
    expect(await rekeyed(going, [sent(2n ** 63n)])).toEqual([]);
  });
});
