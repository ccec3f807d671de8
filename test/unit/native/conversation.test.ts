import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { converse } from "../../../native/conversation.ts";
import { i32 } from "../../../native/field.ts";
import { encode, joinBytes } from "../../../native/layout.ts";
import {
  encodeMessage,
  type Message,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_REQUEST,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from "../../../native/message.ts";
import {
  ack,
  datagram,
  encodeExtack,
  pretendKernel,
  reply,
  codeOf,
  converseInTurn,
  converseWith,
  request,
  requests,
} from "../../support/kernel.ts";

const { EBUSY, EEXIST, EINTR, EINVAL, EMSGSIZE, ENOBUFS, EPERM } =
  constants.errno;

const request0: Message = {
  type: 0x20,
  flags: 0,
  sequence: 1,
  portId: 0,
  body: new Uint8Array(0),
};

describe("execute()", () => {
  it("asks for an ack, and waits for it whatever comes before", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(reply(message)),
      datagram(ack(message)),
    ]);
    conversation.execute(request({ flags: 0x400 }));
    expect(kernel.receive(new Uint8Array(64), 0)).toBeLessThan(0); // nothing is left
    expect(kernel.sent).toMatchObject([
      [{ type: 0x20, flags: NLM_F_REQUEST | NLM_F_ACK | 0x400, portId: 0 }],
    ]);
  });

  it("throws the kernel's errno with its extended ack", () => {
    const { conversation } = converseWith((message) => [
      datagram(
        ack(message, EINVAL, {
          message: "Invalid prefix for given prefix length",
          offset: 28,
        }),
      ),
    ]);
    const action = () => "add route 10.0.0.1/8";
    expect(() => {
      conversation.execute(request({ action }));
    }).toThrow(
      "Cannot add route 10.0.0.1/8: OPERATION: EINVAL (Invalid argument): Invalid prefix for given prefix length, at byte 28 of the request",
    );
  });

  it("finds the extended ack behind a request that the error repeats, whose length is unaligned", () => {
    const { conversation } = converseWith((message) => {
      const repeated = encodeMessage({
        ...message,
        body: Uint8Array.of(1, 2, 3, 4, 5),
      });
      const body = joinBytes([
        encode(i32, -EPERM),
        repeated,
        encodeExtack({ message: "No" }),
      ]);
      return [
        datagram(
          reply(message, { type: NLMSG_ERROR, flags: NLM_F_ACK_TLVS, body }),
        ),
      ];
    });
    expect(() => {
      conversation.execute(request());
    }).toThrow("EPERM (Operation not permitted): No");
  });

  it("does not take a warning on success for a failure", () => {
    const { conversation } = converseWith((message) => [
      datagram(ack(message, 0, { message: "deprecated" })),
    ]);
    expect(() => {
      conversation.execute(request());
    }).not.toThrow();
  });

  it("ignores what answers another port or another request", () => {
    const { conversation } = converseWith((message) => [
      datagram(ack({ ...message, sequence: message.sequence - 1 }, EPERM)),
      datagram(
        { ...ack(message, EPERM), portId: 0 },
        reply(message, { type: NLMSG_NOOP }),
      ),
      datagram({ ...ack(message, EPERM), portId: 0x1234 }),
      datagram(ack(message)),
    ]);
    expect(() => {
      conversation.execute(request());
    }).not.toThrow();
  });

  it("is not held up for ever by what others get", () => {
    const others = Array.from({ length: 100_000 }, () =>
      datagram({ ...ack(request0), portId: 0 }),
    );
    const kernel = pretendKernel(() => others);
    const conversation = converse(kernel, { timeoutMs: 5 });
    expect(
      codeOf(() => {
        conversation.execute(request());
      }),
    ).toBe("ETIMEDOUT");
    expect(kernel.receive(new Uint8Array(64), 0)).toBeGreaterThan(0); // some were left
  });

  it("gives up when no answer comes", () => {
    const { conversation } = converseWith(() => []);
    expect(
      codeOf(() => {
        conversation.execute(request());
      }),
    ).toBe("ETIMEDOUT");
  });

  it("goes on after an interrupted send and receive", () => {
    const kernel = pretendKernel(([first]) =>
      first ? [-EINTR, -EINTR, datagram(ack(first))] : [],
    );
    let interruptions = 2;
    const send = (bytes: Uint8Array): number =>
      interruptions-- > 0 ? -EINTR : kernel.send(bytes);
    converse({ ...kernel, send }).execute(request());
    expect(kernel.sent).toHaveLength(1);
  });

  it("refuses an answer of absurd length", () => {
    const transport = { ...pretendKernel(() => []), receive: () => 2 ** 31 };
    expect(
      codeOf(() => {
        converse(transport).execute(request());
      }),
    ).toBe("EMSGSIZE");
  });

  it("throws what the transport fails with", () => {
    const transport = pretendKernel(() => [-ENOBUFS]);
    expect(
      codeOf(() => {
        converse({ ...transport, send: () => -EMSGSIZE }).execute(request());
      }),
    ).toBe("EMSGSIZE");
    expect(
      codeOf(() => {
        converse(transport).execute(request());
      }),
    ).toBe("ENOBUFS");
    const overrun = converseWith((message) => [
      datagram(reply(message, { type: NLMSG_OVERRUN })),
    ]);
    expect(
      codeOf(() => {
        overrun.conversation.execute(request());
      }),
    ).toBe("ENOBUFS");
  });

  it("numbers requests so that an answer that comes too late is not taken for the next one's", () => {
    const { conversation } = converseInTurn(
      () => [],
      (message) => [
        datagram(ack({ ...message, sequence: message.sequence - 1 }, EEXIST)),
        datagram(ack(message)),
      ],
    );
    expect(
      codeOf(() => {
        conversation.execute(request());
      }),
    ).toBe("ETIMEDOUT");
    expect(() => {
      conversation.execute(request());
    }).not.toThrow();
  });
});

describe("ask()", () => {
  it("asks for no ack, and is done with the reply", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(reply(message, { body: Uint8Array.of(7) })),
    ]);
    const { body } = conversation.ask(request({ flags: 0x400 }));
    expect([...body]).toEqual([7]);
    expect(kernel.sent).toMatchObject([
      [{ type: 0x20, flags: NLM_F_REQUEST | 0x400, portId: 0 }],
    ]);
  });

  it("throws the kernel's errno", () => {
    const { conversation } = converseWith((message) => [
      datagram(ack(message, EPERM)),
    ]);
    expect(codeOf(() => conversation.ask(request()))).toBe("EPERM");
  });

  it("throws where the kernel acknowledges and says nothing, and where it is silent", () => {
    const { conversation } = converseInTurn(
      (message) => [datagram(ack(message))],
      () => [],
    );
    expect(codeOf(() => conversation.ask(request()))).toBe("ENODATA");
    expect(codeOf(() => conversation.ask(request()))).toBe("ETIMEDOUT");
  });

  it("passes over what answers another question", () => {
    const { conversation } = converseWith((message) => [
      datagram(reply({ ...message, sequence: message.sequence - 1 })),
      datagram(reply(message, { type: NLMSG_NOOP })),
      datagram(reply(message, { body: Uint8Array.of(7) })),
    ]);
    expect([...conversation.ask(request()).body]).toEqual([7]);
  });

  it("grows a buffer that is too short for the reply", () => {
    const large = new Uint8Array(200_000).fill(7);
    const { conversation } = converseWith((message) => [
      datagram(reply(message, { body: large })),
    ]);
    expect(conversation.ask(request()).body).toEqual(large);
  });

  it("keeps replies apart from the buffer that the next one uses", () => {
    let value = 0;
    const { conversation } = converseWith((message) => [
      datagram(reply(message, { body: Uint8Array.of(++value) })),
    ]);
    const first = conversation.ask(request());
    conversation.ask(request());
    expect(first.body).toEqual(Uint8Array.of(1));
  });
});

describe("executeAll()", () => {
  it("sends few datagrams and gives each request its own result", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(ack(message, message.sequence % 100 === 0 ? EEXIST : 0)),
    ]);
    const results = conversation.executeAll(requests(1000));
    expect(
      results.flatMap((error, index) =>
        error ? [`${index} ${error.operation} ${error.code}`] : [],
      ),
    ).toEqual(
      Array.from(
        { length: 10 },
        (_, index) =>
          `${index * 100 + 99} OPERATION_${index * 100 + 99} EEXIST`,
      ),
    );
    expect(results).toHaveLength(1000);
    expect(kernel.sent.length).toBeLessThanOrEqual(8);
    expect(
      kernel.sent
        .flat()
        .every(({ flags }) => flags === (NLM_F_REQUEST | NLM_F_ACK)),
    ).toBe(true);
  });

  it("matches answers that come out of order", () => {
    const kernel = pretendKernel((messages) => [
      datagram(
        ...messages
          .map((message) => ack(message, message.sequence === 2 ? EBUSY : 0))
          .reverse(),
      ),
    ]);
    expect(
      converse(kernel)
        .executeAll(requests(3))
        .map((error) => error?.code),
    ).toEqual([undefined, "EBUSY", undefined]);
  });

  it("keeps datagrams below what a send buffer takes", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(ack(message)),
    ]);
    conversation.executeAll(requests(100, new Uint8Array(3000)));
    expect(kernel.sent.flat()).toHaveLength(100);
    for (const messages of kernel.sent)
      expect(messages.length * 3016).toBeLessThanOrEqual(70_000);
  });

  it("sends a request that is too large for company by itself", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(ack(message)),
    ]);
    conversation.executeAll(requests(3, new Uint8Array(100_000)));
    expect(kernel.sent.map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it("tells what was not answered, and stops there", () => {
    const kernel = pretendKernel((messages) =>
      messages.slice(0, 5).map((message) => datagram(ack(message))),
    );
    const results = converse(kernel).executeAll(requests(1000));
    expect(results.slice(0, 5)).toEqual(Array<undefined>(5).fill(undefined));
    expect(results.slice(5).every((error) => error?.code === "ETIMEDOUT")).toBe(
      true,
    );
    expect(results).toHaveLength(1000);
    expect(kernel.sent).toHaveLength(1);
  });

  it("asks nothing for nothing", () => {
    const { kernel, conversation } = converseWith(() => []);
    expect(conversation.executeAll([])).toEqual([]);
    expect(kernel.sent).toEqual([]);
  });
});

describe("askAll()", () => {
  it("gives each request its own reply, or its error, and asks for no ack", () => {
    const { kernel, conversation } = converseWith((message) => [
      datagram(message.sequence === 2 ? ack(message, EBUSY) : reply(message)),
    ]);
    const answers = conversation.askAll(requests(200));
    expect(answers.map(({ replies }) => replies.length)).toEqual(
      answers.map((_, index) => (index === 1 ? 0 : 1)),
    );
    expect(answers.map(({ error }) => error?.code)).toEqual(
      answers.map((_, index) => (index === 1 ? "EBUSY" : undefined)),
    );
    // A reply takes a page of the receive buffer: 64 a datagram.
    expect(kernel.sent.map(({ length }) => length)).toEqual([64, 64, 64, 8]);
    expect(
      kernel.sent.flat().every(({ flags }) => flags === NLM_F_REQUEST),
    ).toBe(true);
  });
});

describe("close()", () => {
  it("closes the transport", () => {
    const { kernel, conversation } = converseWith(() => []);
    conversation.close();
    expect(kernel.closed()).toBe(true);
  });
});
