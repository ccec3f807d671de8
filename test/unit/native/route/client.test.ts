import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { attrString, encodeBody } from "../../../../native/attribute.ts";
import { converse } from "../../../../native/conversation.ts";
import { encode } from "../../../../native/layout.ts";
import type { Message } from "../../../../native/message.ts";
import {
  type RouteClient,
  routeClient,
} from "../../../../native/route/client.ts";
import { encodeProxyNeighbour } from "../../../../native/route/neighbour/proxy.ts";
import { encodeRoute, type Route } from "../../../../native/route/route.ts";
import {
  ifaddrmsg,
  ifinfomsg,
  rtmsg,
} from "../../../../native/route/structs.ts";
import {
  ack,
  datagram,
  done,
  pretendKernel,
  reply,
} from "../../../support/kernel.ts";

const { EINVAL, ENODEV, ENOENT, EPERM } = constants.errno;

/** A client whose kernel answers each request by `answer`. */
function clientOf(answer: (message: Message) => readonly Message[]) {
  const kernel = pretendKernel((messages) =>
    messages.map((message) => datagram(...answer(message))),
  );
  return { kernel, client: routeClient(converse(kernel)) };
}

/** A client whose kernel acks everything. */
function obedient() {
  return clientOf((message) => [ack(message)]);
}

/** A client whose dumps have these bodies. */
function listing(...bodies: readonly Uint8Array[]) {
  return clientOf((message) => [
    ...bodies.map((body) => reply(message, { body })),
    done(message),
  ]).client;
}

function refusing(errno: number) {
  return clientOf((message) => [ack(message, errno)]).client;
}

function route(part: Partial<Route> = {}): Route {
  const destination = { address: Uint8Array.of(10, 0, 0, 0), length: 8 };
  return { destination, table: 254, protocol: 88, scope: 0, type: 1, ...part };
}

describe("addRoute(), replaceRoute() and deleteRoute()", () => {
  it("differ in type and flags", () => {
    const { kernel, client } = obedient();
    client.addRoute(route());
    client.replaceRoute(route());
    client.deleteRoute(route());
    // NLM_F_REQUEST | NLM_F_ACK, and NLM_F_CREATE | NLM_F_EXCL as `ip route add`, NLM_F_CREATE | NLM_F_REPLACE as `replace`.
    expect(kernel.sent.flat().map(({ type, flags }) => [type, flags])).toEqual([
      [24, 0x605],
      [24, 0x505],
      [25, 0x005],
    ]);
  });
});

describe("link()", () => {
  it("is undefined for ENODEV alone", () => {
    expect(refusing(ENODEV).link("gone")).toBeUndefined();
    expect(() => refusing(EPERM).link("eth0")).toThrow(
      'Cannot look for device "eth0": RTM_GETLINK: EPERM',
    );
  });

  it("does not ask for index 0 or a name without letters", () => {
    const { kernel, client } = obedient();
    expect([client.link(0), client.link("")]).toEqual([undefined, undefined]);
    expect(kernel.sent).toEqual([]);
  });

  it("reads the answer", () => {
    const body = encodeBody(encode(ifinfomsg, { ifi_index: 3 }), [
      attrString(3, "eth0"),
    ]);
    const { client } = clientOf((message) => [
      reply(message, { body }),
      ack(message),
    ]);
    expect(client.link("eth0")).toMatchObject({ index: 3, name: "eth0" });
  });
});

describe("what concerns a device", () => {
  const address = Uint8Array.of(192, 0, 2, 1);
  const named = encodeBody(encode(ifinfomsg, { ifi_index: 3 }), [
    attrString(3, "eth0"),
  ]);
  const RTM_GETLINK = 18;

  it.each<[string, (client: RouteClient) => unknown]>([
    [
      "changeLink",
      (client) => {
        client.changeLink(3, { mtu: 1 });
      },
    ],
    [
      "setAlias",
      (client) => {
        client.setAlias(3, "x");
      },
    ],
    [
      "deleteLink",
      (client) => {
        client.deleteLink(3);
      },
    ],
    [
      "addAddress",
      (client) => {
        client.addAddress({ index: 3, address, prefixLength: 32, scope: 0 });
      },
    ],
    [
      "deleteAddress",
      (client) => {
        client.deleteAddress({ index: 3, address, prefixLength: 32, scope: 0 });
      },
    ],
    [
      "addProxyNeighbour",
      (client) => {
        client.addProxyNeighbour({ index: 3, address });
      },
    ],
    [
      "deleteProxyNeighbour",
      (client) => {
        client.deleteProxyNeighbour({ index: 3, address });
      },
    ],
    ["ingressFilters", (client) => client.ingressFilters(3)],
  ])("%s() says which one was refused, by its name", (_, work) => {
    const { client } = clientOf((message) =>
      message.type === RTM_GETLINK
        ? [reply(message, { body: named }), ack(message)]
        : [ack(message, EPERM)],
    );
    expect(() => work(client)).toThrow(/ device eth0: RTM_\w+: EPERM/u);
    expect(() => work(refusing(EPERM))).toThrow(
      / a device that is not there \(index 3\): RTM_\w+: EPERM/u,
    );
  });
});

describe("routes()", () => {
  it("filters by table itself where the kernel does not", () => {
    const client = listing(
      encodeRoute(route({ table: 100 })),
      encodeRoute(route({ table: 1234 })),
    );
    expect(client.routes({ family: 2, table: 1234 })).toEqual([
      route({ table: 1234 }),
    ]);
    expect(client.routes({ family: 2 })).toHaveLength(2);
  });

  it("leaves out what is neither IPv4 nor IPv6", () => {
    expect(
      listing(encode(rtmsg, { rtm_family: 128 })).routes({ family: 0 }),
    ).toEqual([]);
  });

  it("is empty for ENOENT alone", () => {
    expect(refusing(ENOENT).routes({ family: 2, table: 9 })).toEqual([]);
    expect(() => refusing(EINVAL).routes({ family: 2, table: 9 })).toThrow(
      "EINVAL",
    );
  });
});

describe("getRoute()", () => {
  const destination = Uint8Array.of(192, 0, 2, 1);

  it.each(["ENETUNREACH", "EHOSTUNREACH", "EINVAL", "EACCES"] as const)(
    "is undefined where the kernel says %s: no way, or one to nowhere",
    (name) => {
      expect(
        refusing(constants.errno[name]).getRoute(destination),
      ).toBeUndefined();
    },
  );

  it("throws whatever else the kernel says", () => {
    expect(() => refusing(EPERM).getRoute(destination)).toThrow(
      "Cannot look up the route to 192.0.2.1: RTM_GETROUTE: EPERM",
    );
  });
});

describe("addresses()", () => {
  it("leaves out what is neither IPv4 nor IPv6", () => {
    const client = listing(
      encode(ifaddrmsg, { ifa_family: 2 }),
      encode(ifaddrmsg, { ifa_family: 28 }),
    );
    expect(client.addresses()).toHaveLength(1);
  });
});

describe("proxyNeighbours()", () => {
  it("leaves out neighbours that are no proxies", () => {
    const proxy = { index: 3, address: Uint8Array.of(10, 0, 0, 1) };
    const neighbour = encodeProxyNeighbour(proxy);
    neighbour[10] = 0; // ndm_flags
    expect(
      listing(neighbour, encodeProxyNeighbour(proxy)).proxyNeighbours(),
    ).toEqual([proxy]);
  });
});

describe("close()", () => {
  it("closes the conversation", () => {
    const { kernel, client } = obedient();
    client.close();
    expect(kernel.closed()).toBe(true);
  });
});
