import { describe, expect, it } from "vitest";
import { openInbox, placeIn } from "../../../../native/conversation/inbox.ts";
import { ack, datagram, pretendKernel } from "../../../support/kernel.ts";

describe("placeIn()", () => {
  it("counts modulo 2^32", () => {
    const range = { first: 0xfffffffe, count: 4 };
    expect(
      [0xfffffffe, 0xffffffff, 0, 1].map((sequence) =>
        placeIn(range, sequence),
      ),
    ).toEqual([0, 1, 2, 3]);
    expect(placeIn(range, 0xfffffffd)).toBeGreaterThanOrEqual(range.count);
    expect(placeIn(range, 2)).toBeGreaterThanOrEqual(range.count);
  });
});

describe("openInbox()", () => {
  it("takes answers whose numbers went round", () => {
    const message = {
      type: 1,
      flags: 0,
      sequence: 0,
      portId: 0,
      body: new Uint8Array(0),
    };
    const transport = pretendKernel((messages) =>
      messages.map((sent) => datagram(ack(sent))),
    );
    transport.send(datagram(message));
    const next = openInbox(transport).next(
      { first: 0xffffffff, count: 2 },
      100,
    );
    expect(next).toMatchObject([{ sequence: 0 }]);
  });
});
