import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeVerdict } from "../../../../native/conversation/ack.ts";
import { NLMSG_DONE, NLMSG_ERROR } from "../../../../native/message.ts";
import {
  damaged,
  expectRangeErrorOrResult,
} from "../../../support/arbitrary.ts";
import { ack, done } from "../../../support/kernel.ts";

const request = {
  type: 1,
  flags: 0,
  sequence: 2,
  portId: 0,
  body: new Uint8Array(8),
};

describe("decodeVerdict()", () => {
  it("gives back errno and extended ack", () => {
    fc.assert(
      fc.property(
        fc.nat(4095),
        fc.stringMatching(/^[ -~]{1,80}$/),
        fc.nat(0xffffffff),
        (errno, message, offset) => {
          expect(
            decodeVerdict(ack(request, errno, { message, offset })),
          ).toEqual({ errno, extack: { message, offset } });
          expect(decodeVerdict(ack(request, errno))).toEqual({ errno });
          expect(decodeVerdict(done(request, errno))).toEqual({ errno });
        },
      ),
    );
  });

  it("has no extended ack where the attributes are others", () => {
    expect(decodeVerdict(ack(request, 1, {}))).toEqual({ errno: 1 });
  });

  it("throws RangeError for damaged bytes and nothing else", () => {
    const valid = fc.constant(
      ack(request, 22, { message: "Invalid prefix", offset: 28 }).body,
    );
    const types = fc.constantFrom(NLMSG_ERROR, NLMSG_DONE);
    fc.assert(
      fc.property(
        damaged(valid),
        types,
        fc.nat(0xffff),
        (body, type, flags) => {
          expectRangeErrorOrResult(() =>
            decodeVerdict({ ...request, type, flags, body }),
          );
        },
      ),
    );
  });
});
