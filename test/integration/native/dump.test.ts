import { describe, expect, it } from "vitest";
import { converse } from "../../../native/conversation.ts";
import { formatAddress } from "../../../native/address.ts";
import { routeClient } from "../../../native/route/client.ts";
import { openConversation, openTransport } from "../../../native/socket.ts";
import { binding } from "../../support/binding.ts";
import { namespace } from "../../support/namespace.ts";

const MANY = 2000;

describe("dump()", () => {
  it("starts again when the kernel says that what it lists has changed under way", () => {
    using ns = namespace();
    const address = (index: number): string =>
      `10.1.${index >> 8}.${index & 0xff}`;
    const batch = Array.from(
      { length: MANY },
      (_, index) => `address add ${address(index)}/32 dev lo`,
    );
    ns.shell(`ip -batch - <<'END'\n${batch.join("\n")}\nEND`);

    // When the kernel has prepared the first part of the first two dumps, somebody else adds an address.
    const transport = openTransport(binding, 0, ns.fd);
    let [dumps, received] = [0, 0];
    const client = routeClient(
      converse({
        ...transport,
        send: (datagram) => {
          dumps++;
          received = 0;
          return transport.send(datagram);
        },
        receive: (buffer, timeoutMs) => {
          if (dumps <= 2 && ++received === 1)
            ns.exec("ip", "address", "add", `10.2.0.${dumps}/32`, "dev", "lo");
          return transport.receive(buffer, timeoutMs);
        },
      }),
    );
    const seen = client.addresses(2).map((one) => formatAddress(one.address));
    client.close();

    expect(dumps).toBe(3);
    expect(seen.toSorted()).toEqual(
      [
        "127.0.0.1",
        "10.2.0.1",
        "10.2.0.2",
        ...batch.map((_, index) => address(index)),
      ].toSorted(),
    );
  });

  it("can follow a dump whose socket was given up in the middle", () => {
    using ns = namespace();
    const request = {
      operation: "RTM_GETLINK",
      type: 18,
      body: new Uint8Array(16),
    };
    const conversation = openConversation(binding, 0, {
      netns: ns.fd,
      timeoutMs: 500,
    });
    expect(() => conversation.dump({ ...request, type: 9999 })).toThrow(
      "EOPNOTSUPP",
    );
    expect(conversation.dump(request).length).toBeGreaterThan(0);
    conversation.close();
    expect(() => conversation.dump(request)).toThrow("EBADF");
  });
});

describe("executeAll()", () => {
  it("does many without losing an answer, and stays in step", () => {
    using ns = namespace();
    const conversation = openConversation(binding, 0, { netns: ns.fd });
    const good = {
      operation: "RTM_GETLINK",
      type: 18,
      body: Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    };
    const bad = {
      ...good,
      body: Uint8Array.of(0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    };
    const results = conversation.executeAll(
      Array.from({ length: 5000 }, (_, index) =>
        index % 7 === 0 ? bad : good,
      ),
    );
    expect(results.map((error) => error?.code)).toEqual(
      Array.from({ length: 5000 }, (_, index) =>
        index % 7 === 0 ? "ENODEV" : undefined,
      ),
    );
    expect(conversation.ask(good).body.length).toBeGreaterThan(0);
    conversation.close();
  });
});
