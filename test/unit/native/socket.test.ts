import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { Binding } from "../../../native/binding.ts";
import { openConversation, openTransport } from "../../../native/socket.ts";

function bindingOf(part: Partial<Binding>): {
  binding: Binding;
  closed: number[];
} {
  const closed: number[] = [];
  const whole: Partial<Binding> = {
    open: () => 7,
    portId: () => 0xfffff000,
    close: (fd) => {
      closed.push(fd);
      return 0;
    },
    ...part,
  };
  return { binding: whole as Binding, closed };
}

describe("openTransport()", () => {
  it("has the socket's descriptor and port id", () => {
    const { binding } = bindingOf({});
    expect(openTransport(binding, 0)).toMatchObject({
      fd: 7,
      portId: 0xfffff000,
    });
  });

  it("says which protocol and namespace could not be opened", () => {
    const { binding } = bindingOf({ open: () => -constants.errno.EINVAL });
    expect(() => openTransport(binding, 6, 3)).toThrow(
      "Cannot open a netlink socket of protocol 6 in the network namespace of fd 3: socket: EINVAL (Invalid argument)",
    );
  });

  it("closes a socket whose port id it cannot learn", () => {
    const { binding, closed } = bindingOf({
      portId: () => -constants.errno.ENOTSOCK,
    });
    expect(() => openTransport(binding, 0)).toThrow("ENOTSOCK");
    expect(closed).toEqual([7]);
  });

  it("closes once, and does not use the descriptor afterwards", () => {
    const { binding, closed } = bindingOf({ send: () => 1, receive: () => 1 });
    const transport = openTransport(binding, 0);
    transport.close();
    transport.close();
    expect(closed).toEqual([7]);
    expect(transport.send(new Uint8Array(1))).toBe(-constants.errno.EBADF);
    expect(transport.receive(new Uint8Array(1), 0)).toBe(
      -constants.errno.EBADF,
    );
  });
});

describe("openConversation()", () => {
  it("opens in the namespace that it is given", () => {
    const opened: number[][] = [];
    const open = (...call: [number, number]): number => {
      opened.push(call);
      return 7;
    };
    openConversation(bindingOf({ open }).binding, 12, { netns: 9 });
    openConversation(bindingOf({ open }).binding, 12);
    expect(opened).toEqual([
      [12, 9],
      [12, -1],
    ]);
  });
});
