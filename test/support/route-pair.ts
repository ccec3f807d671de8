import { openRoute, type RouteClient } from "../../native/route/client.ts";
import type { Route } from "../../native/route/route.ts";
import { binding } from "./binding.ts";
import { connect, namespace, type Namespace } from "./namespace.ts";

/** Bytes of a dotted address. */
export const ipv4 = (text: string): Uint8Array =>
  Uint8Array.from(text.split(".").map(Number));

/** Bytes of an address in 32 hexadecimal digits. */
export const ipv6 = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex, "hex"));

/** Two namespaces joined by a veth pair, and a route client in the near one, which has 10.9.9.1/24 and fd00:9::1/64. */
export interface Pair extends Disposable {
  readonly near: Namespace;
  readonly far: Namespace;
  readonly client: RouteClient;
  /** Of the near device, near0. */
  readonly index: number;
  /** A route to 10.20.0.0/16 by near0, but for what is given. */
  route(part: Partial<Route>): Route;
}

/** Makes the pair. */
export function routePair(): Pair {
  const [near, far] = [namespace(), namespace()];
  connect(near, "near0", far, "far0");
  near.shell(
    "ip addr add 10.9.9.1/24 dev near0; ip -6 addr add fd00:9::1/64 dev near0 nodad",
  );
  const client = openRoute(binding, { netns: near.fd });
  const index = client.link("near0")?.index ?? 0;
  return {
    near,
    far,
    client,
    index,
    route: (part) => {
      const destination = { address: ipv4("10.20.0.0"), length: 16 };
      return {
        destination,
        table: 254,
        protocol: 88,
        scope: 0,
        type: 1,
        outputInterface: index,
        ...part,
      };
    },
    [Symbol.dispose]: () => {
      client.close();
      near[Symbol.dispose]();
      far[Symbol.dispose]();
    },
  };
}
