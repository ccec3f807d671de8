import fc from "fast-check";
import { expect, it } from "vitest";
import { readListed } from "../../../../../plugin/ike/charon/listed.ts";
import { whereaboutsOf } from "../../../../../plugin/ike/whereabouts.ts";
import { stateOf } from "../../../../../plugin/ike/tell.ts";
import {
  encodePacket,
  type Packet,
} from "../../../../../plugin/ike/vici/packet.ts";
import { packetsFrom } from "../../../../../plugin/ike/vici/stream.ts";
import { ikeLine } from "../../../../../plugin/ike/words.ts";
import { tunnel } from "../charon/tunnel.ts";

const event = encodePacket({
  type: "event",
  name: "list-sa",
  message: {
    "crosslink-434c1234": {
      state: "ESTABLISHED",
      established: "12",
      "rekey-time": "13000",
      "child-sas": {
        "crosslink-434c1234-1": {
          uniqueid: "1",
          state: "INSTALLED",
          "spi-in": "c1234567",
          "spi-out": "c89abcde",
          "rekey-time": "3200",
          "install-time": "11",
        },
      },
    },
  },
});

/** From the bytes of charon's socket to the line that an admin reads. */
function read(bytes: Uint8Array): string[] {
  const events = packetsFrom()(bytes).filter(
    (packet): packet is Extract<Packet, { type: "event" }> =>
      packet.type === "event",
  );
  const listed = events.flatMap(({ message }) => readListed(message));
  const errors = new Map<string, string>();
  const facts = {
    listed,
    errors,
    whereabouts: whereaboutsOf([tunnel()], listed),
  };
  const { tunnels } = stateOf([tunnel()], { ...facts, trouble: undefined });
  return tunnels.map(ikeLine);
}

it("a list that charon sends is a line", () => {
  expect(read(event)).toEqual([
    expect.stringContaining("IKE with b/two: up, one.a to two.b"),
  ]);
});

it("one with any bytes changed is a line as well, or a RangeError", () => {
  const change = fc.tuple(
    fc.nat({ max: event.length - 1 }),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = Uint8Array.from(event);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        for (const line of read(bytes)) expect(line).not.toContain("NaN");
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 3000 },
  );
});
