import { describe, expect, it } from "vitest";
import { stateOf } from "../../../../plugin/ike/tell.ts";
import { ikeLine, ikeWarnings } from "../../../../plugin/ike/words.ts";
import { tunnel } from "./charon/tunnel.ts";

const NOW = 1_796_000_000;
const DAY = 86_400;

/** What the agent says, with a trouble or a certificate until then. */
function stateWith({
  trouble,
  certificateUntil,
}: {
  readonly trouble?: string;
  readonly certificateUntil?: number;
}) {
  const errors = new Map(
    trouble === undefined ? [] : [["crosslink-434c1234", trouble]],
  );
  const nothing = { listed: [], trouble: undefined, whereabouts: new Map() };
  const state = stateOf([tunnel()], { ...nothing, errors, certificateUntil });
  return { ...state, writtenSeconds: NOW };
}

describe("ikeWarnings()", () => {
  it("speaks of a certificate's end a week before", () => {
    const warningsAt = (certificateUntil: number) =>
      ikeWarnings([tunnel()], stateWith({ certificateUntil }), NOW);
    expect(warningsAt(NOW + 7 * DAY + 1)).toEqual([]);
    expect(warningsAt(NOW + 7 * DAY)).toEqual([
      expect.stringContaining("holds until 2026-12-07T"),
    ]);
    expect(ikeWarnings([tunnel()], stateWith({}), NOW)).toEqual([]);
  });
});

describe("ikeLine()", () => {
  it("has no tunnel wait for a packet that this node cannot prove itself for", () => {
    const lineOf = (trouble: string) =>
      stateWith({ trouble }).tunnels.map(ikeLine).join();
    expect(lineOf("This node cannot prove who it is: it is old")).toContain(
      "IKE with b/two: down",
    );
    expect(lineOf("the peer does not answer")).toContain("waits for the first");
  });
});
