import { describe, expect, it } from "vitest";
import { requireAgreement } from "../../../../plugin/handlers/status.ts";
import type { WrittenState } from "../../../../plugin/ike/state.ts";
import { stateOf } from "../../../../plugin/ike/tell.ts";
import { connectionName } from "../../../../plugin/ike/charon/connection.ts";
import type { IkeTunnel } from "../../../../plugin/mesh/state.ts";
import { tunnel } from "../ike/charon/tunnel.ts";

const difference = 'b.json says "keying": "ike", though a.json says "derived"';
const differing = tunnel({ difference });
const agreed = tunnel({ node: "three", reqid: 0x434c0003 });

/** What the agent says of both where these have a trouble. */
function state(...troubled: IkeTunnel[]): WrittenState {
  const errors = new Map(
    troubled.map((each) => [connectionName(each), "the peer does not answer"]),
  );
  const nothing = { listed: [], trouble: undefined, whereabouts: new Map() };
  const facts = { ...nothing, errors };
  return { ...stateOf([agreed, differing], facts), writtenSeconds: 0 };
}

describe("requireAgreement()", () => {
  it("names both files, and the tunnel that does not come up", () => {
    expect(() => {
      requireAgreement([agreed, differing], state(agreed, differing));
    }).toThrow(
      expect.objectContaining({
        code: 51,
        details: `${difference}. IKE with b/two (203.0.113.2), as one.a to two.b: the peer does not answer`,
      }),
    );
  });

  it("takes no offence at a difference that does no harm, nor at a trouble without one", () => {
    requireAgreement([agreed, differing], state(agreed));
    requireAgreement([agreed], state(agreed, differing));
    requireAgreement([], state(differing));
  });
});
