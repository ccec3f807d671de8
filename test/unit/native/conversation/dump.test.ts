import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { converse } from "../../../../native/conversation.ts";
import { joinBytes } from "../../../../native/layout.ts";
import {
  type Message,
  NLM_F_ACK_TLVS,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_OVERRUN,
} from "../../../../native/message.ts";
import {
  ack,
  datagram,
  done,
  encodeExtack,
  item,
  pretendKernel,
  reply,
  codeOf,
  converseInTurn,
  request,
} from "../../../support/kernel.ts";

const { EAGAIN, EINTR, EINVAL, EIO, ENOBUFS, EPERM, ETIMEDOUT } =
  constants.errno;

describe("dump()", () => {
  const values = (messages: readonly Message[]): number[] =>
    messages.map(({ body }) => body[0] ?? -1);

  it("returns the items of every datagram up to the end", () => {
    const { kernel, conversation } = converseInTurn((first) => [
      datagram(item(first, 1), item(first, 2)),
      datagram(item(first, 3)),
      datagram(done(first)),
    ]);
    expect(values(conversation.dump(request()))).toEqual([1, 2, 3]);
    expect(kernel.sent).toMatchObject([
      [{ flags: NLM_F_REQUEST | NLM_F_DUMP }],
    ]);
  });

  it("returns nothing for an empty dump", () => {
    const { conversation } = converseInTurn((first) => [datagram(done(first))]);
    expect(conversation.dump(request())).toEqual([]);
  });

  it("reads messages as they come, and again what was torn", () => {
    const read: number[] = [];
    const { conversation } = converseInTurn(
      (first) => [
        datagram(item(first, 1)),
        datagram(done(first, 0, NLM_F_DUMP_INTR)),
      ],
      (first) => [datagram(item(first, 2)), datagram(done(first))],
    );
    const items = conversation.dumpRead(request(), ({ body }) => {
      read.push(body[0] ?? -1);
      return `item ${String(body[0])}`;
    });
    expect(items).toEqual(["item 2"]);
    expect(read).toEqual([1, 2]);
  });

  it("reads to its end one of which a message cannot be read", () => {
    const { kernel, conversation } = converseInTurn((first) => [
      datagram(item(first, 1), item(first, 2)),
      datagram(item(first, 3)),
      datagram(done(first)),
    ]);
    const asked: unknown[] = [];
    expect(() =>
      conversation.dumpRead(request(), ({ body }) => {
        asked.push(body[0]);
        throw new RangeError(`no item ${String(body[0])}`);
      }),
    ).toThrow("no item 1");
    expect(asked).toEqual([1]);
    expect(kernel.receive(new Uint8Array(64), 0)).toBe(-ETIMEDOUT);
  });

  it.each([
    [
      "an item says that it changed under way",
      (first: Message) => [
        datagram(item(first, 1, NLM_F_DUMP_INTR), done(first)),
      ],
    ],
    [
      "its end says so",
      (first: Message) => [
        datagram(item(first, 1), done(first, 0, NLM_F_DUMP_INTR)),
      ],
    ],
    [
      "it ends with EINTR",
      (first: Message) => [datagram(item(first, 1), done(first, EINTR))],
    ],
    ["it fails with EINTR", (first: Message) => [datagram(ack(first, EINTR))]],
    [
      "the buffer overran",
      (first: Message) => [
        datagram(item(first, 1)),
        -ENOBUFS,
        datagram(done(first)),
      ],
    ],
    [
      "the buffer overran and its end is lost",
      (first: Message) => [datagram(item(first, 1)), -ENOBUFS],
    ],
    [
      "the kernel says that messages were lost",
      (first: Message) => [
        datagram(reply(first, { type: NLMSG_OVERRUN }), done(first)),
      ],
    ],
  ])("starts again when %s", (_, torn) => {
    const { kernel, conversation } = converseInTurn(torn, torn, (first) => [
      datagram(item(first, 5), done(first)),
    ]);
    expect(values(conversation.dump(request()))).toEqual([5]);
    expect(kernel.sent).toHaveLength(3);
  });

  it("reads a torn dump to its end before it starts again, since the kernel runs one at a time", () => {
    const { conversation } = converseInTurn(
      (first) => [
        datagram(item(first, 1, NLM_F_DUMP_INTR)),
        datagram(item(first, 2)),
        datagram(done(first)),
      ],
      (first) => [datagram(item(first, 3), done(first))],
    );
    expect(values(conversation.dump(request()))).toEqual([3]);
  });

  it.each([
    ["EINTR", (first: Message) => [datagram(done(first, 0, NLM_F_DUMP_INTR))]],
    ["ENOBUFS", (first: Message) => [-ENOBUFS, datagram(done(first))]],
  ])("gives up with %s when it never gets through", (code, torn) => {
    const kernel = pretendKernel(([first]) => (first ? torn(first) : []));
    expect(
      codeOf(() => converse(kernel, { dumpAttempts: 4 }).dump(request())),
    ).toBe(code);
    expect(kernel.sent).toHaveLength(4);
  });

  it("throws the kernel's error, at the start or at the end", () => {
    const start = converseInTurn((first) => [datagram(ack(first, EPERM))]);
    expect(codeOf(() => start.conversation.dump(request()))).toBe("EPERM");
    const end = converseInTurn((first) => [
      datagram(item(first, 1)),
      datagram(done(first, EAGAIN)),
    ]);
    expect(codeOf(() => end.conversation.dump(request()))).toBe("EAGAIN");
  });

  it("reads to its end one that it gives up, since the kernel refuses another one until then", () => {
    const { kernel, conversation } = converseInTurn((first) => [
      datagram(item(first, 1)),
      -EIO,
      datagram(item(first, 2)),
      datagram(done(first)),
    ]);
    expect(codeOf(() => conversation.dump(request()))).toBe("EIO");
    expect(kernel.receive(new Uint8Array(64), 0)).toBe(-ETIMEDOUT);
  });

  it("reads the extended ack of a dump's end", () => {
    const { conversation } = converseInTurn((first) => {
      const end = done(first, EINVAL, NLM_F_ACK_TLVS);
      return [
        datagram({
          ...end,
          body: joinBytes([end.body, encodeExtack({ message: "Bad filter" })]),
        }),
      ];
    });
    expect(() => conversation.dump(request())).toThrow(
      "EINVAL (Invalid argument): Bad filter",
    );
  });

  it("gives up when the end does not come", () => {
    const { conversation } = converseInTurn((first) => [
      datagram(item(first, 1)),
    ]);
    expect(codeOf(() => conversation.dump(request()))).toBe("ETIMEDOUT");
  });

  it("does not take items of an earlier dump for its own", () => {
    const { conversation } = converseInTurn((first) => [
      datagram(item({ ...first, sequence: first.sequence - 1 }, 9)),
      datagram(item(first, 1), done(first)),
    ]);
    expect(values(conversation.dump(request()))).toEqual([1]);
  });

  it("throws RangeError for a datagram that is none", () => {
    const { conversation } = converseInTurn(() => [Uint8Array.of(1, 2, 3)]);
    expect(() => conversation.dump(request())).toThrow(RangeError);
  });
});
