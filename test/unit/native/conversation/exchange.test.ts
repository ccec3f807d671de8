import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { converse, type Request } from "../../../../native/conversation.ts";
import {
  type Message,
  NLM_F_ACK,
  NLM_F_REQUEST,
} from "../../../../native/message.ts";
import {
  ack,
  datagram,
  type Delivery,
  pretendKernel,
  reply,
  request,
} from "../../../support/kernel.ts";

const { EBUSY, EEXIST, EMSGSIZE, ESTALE, ETIMEDOUT } = constants.errno;

const request0: Message = {
  type: 0x20,
  flags: 0,
  sequence: 1,
  portId: 0,
  body: new Uint8Array(0),
};

describe("exchange()", () => {
  /** A batch as nf_tables has it: only the last operation asks for an ack. */
  const batch = (): Request[] => [
    request({ operation: "BEGIN" }),
    request({ operation: "ONE" }),
    request({ operation: "TWO", flags: NLM_F_ACK }),
    request({ operation: "END" }),
  ];
  const codes = (kernel: (messages: readonly Message[]) => Delivery[]) =>
    converse(pretendKernel(kernel))
      .exchange(batch())
      .map(({ error }) => error?.code);
  const at = (messages: readonly Message[], index: number): Message =>
    messages[index] ?? request0;

  it("sends one datagram with the flags as they are", () => {
    const kernel = pretendKernel((messages) => [
      datagram(ack(at(messages, 2))),
    ]);
    converse(kernel).exchange(batch());
    expect(
      kernel.sent.map((messages) => messages.map(({ flags }) => flags)),
    ).toEqual([
      [NLM_F_REQUEST, NLM_F_REQUEST, NLM_F_REQUEST | NLM_F_ACK, NLM_F_REQUEST],
    ]);
  });

  it("collects the errors of requests that asked for no ack", () => {
    const error = (messages: readonly Message[]) => [
      datagram(ack(at(messages, 1), EEXIST)),
      datagram(ack(at(messages, 2))),
    ];
    expect(codes(error)).toEqual([undefined, "EEXIST", undefined, undefined]);
  });

  it("ends when the batch as a whole was refused, though no ack comes", () => {
    expect(
      codes((messages) => [datagram(ack(at(messages, 0), ESTALE))]),
    ).toEqual(["ESTALE", undefined, undefined, undefined]);
  });

  it("still collects what is queued after the batch was refused", () => {
    const both = (messages: readonly Message[]) => [
      datagram(ack(at(messages, 0), ESTALE)),
      datagram(ack(at(messages, 2), EBUSY)),
    ];
    expect(codes(both)).toEqual(["ESTALE", undefined, "EBUSY", undefined]);
  });

  it("does not wait for what was refused as a whole: whatever comes is queued by then", () => {
    const kernel = pretendKernel((messages) => [
      datagram(ack(at(messages, 0), ESTALE)),
    ]);
    const waits: number[] = [];
    const receive = (buffer: Uint8Array, timeoutMs: number): number => {
      waits.push(timeoutMs);
      return kernel.receive(buffer, timeoutMs);
    };
    converse({ ...kernel, receive }, { timeoutMs: 700 }).exchange(batch());
    expect(waits).toEqual([700, 0]);
  });

  it("gives replies to the request that they answer", () => {
    const kernel = pretendKernel((messages) => [
      datagram(reply(at(messages, 1), { body: Uint8Array.of(8) })),
      datagram(ack(at(messages, 2))),
    ]);
    const answers = converse(kernel).exchange(batch());
    expect(
      answers.map(({ replies }) => replies.map(({ body }) => [...body])),
    ).toEqual([[], [[8]], [], []]);
  });

  it("has an error for all when the datagram could not be sent", () => {
    const transport = { ...pretendKernel(() => []), send: () => -EMSGSIZE };
    const answers = converse(transport).exchange(batch());
    expect(answers.map(({ error }) => error?.code)).toEqual(
      Array(4).fill("EMSGSIZE"),
    );
  });

  it("has an error for those whose ack did not come", () => {
    expect(codes(() => [])).toEqual([
      undefined,
      undefined,
      "ETIMEDOUT",
      undefined,
    ]);
    expect(codes(() => [-ETIMEDOUT])).toEqual([
      undefined,
      undefined,
      "ETIMEDOUT",
      undefined,
    ]);
  });
});
