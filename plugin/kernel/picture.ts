import {
  formatAddress,
  type Route,
  type RouteClient,
  type RouteFilter,
} from "../../native/index.ts";
import { askNetworkId } from "./network-id.ts";
import { remembered } from "./remembered.ts";
import { askRuleset } from "./nftables.ts";
import type { Session } from "./session.ts";

/** A session that asks each thing once. */
export interface Picture extends Session {
  /** For who has changed something, or waited: what is asked next is asked of the kernel. */
  readonly forget: () => void;
}

/**
 * A session for one look at a node, which has many parts: of devices, addresses, routes, rules and where the ruleset stands,
 * what one part has asked is the others' answer. What is changed by it is not seen by it: that is for the session itself.
 */
export function pictureOf(session: Session): Picture {
  let drawn = draw(session);
  return {
    xfrm: session.xfrm,
    get kernel() {
      return drawn.kernel;
    },
    get route() {
      return drawn.route;
    },
    forget: () => {
      drawn = draw(session);
    },
  };
}

function draw({ kernel, route }: Session): Pick<Session, "kernel" | "route"> {
  const network = remembered(() => askNetworkId(kernel));
  const ruleset = remembered(() => askRuleset(kernel));
  return {
    kernel: {
      ...kernel,
      known: {
        networkId: () => network(undefined),
        ruleset: () => ruleset(undefined),
      },
    },
    route: {
      ...route,
      link: remembered((which: number | string) => route.link(which)),
      addresses: remembered((family?: number) => route.addresses(family)),
      routes: remembered(
        (filter: RouteFilter) => route.routes(filter),
        ({ family, table, outputInterface }) =>
          `${String(family)} ${String(table)} ${String(outputInterface)}`,
      ),
      rules: remembered((family: number) => route.rules(family)),
      ...waysOf(route),
    },
  };
}

/** Ways to addresses, many of which are asked for in few datagrams. */
function waysOf(
  route: RouteClient,
): Pick<RouteClient, "getRoute" | "getRoutes"> {
  const known = new Map<string, Route | undefined>();
  const learn = (destinations: readonly Uint8Array[]) => {
    const unknown = new Map(
      destinations
        .map((each) => [formatAddress(each), each] as const)
        .filter(([text]) => !known.has(text)),
    );
    const found =
      unknown.size === 0 ? [] : route.getRoutes([...unknown.values()]);
    for (const [at, text] of [...unknown.keys()].entries())
      known.set(text, found[at]);
    return destinations.map((each) => known.get(formatAddress(each)));
  };
  return {
    getRoutes: learn,
    getRoute: (destination, lookup) =>
      lookup === undefined
        ? learn([destination])[0]
        : route.getRoute(destination, lookup),
  };
}
