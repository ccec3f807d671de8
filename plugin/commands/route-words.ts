import type { Cidr } from "../../ip/cidr.ts";
import type { StaticRoute } from "../mesh/routes.ts";

/** Whose words: Linux's `ip route`, Cisco IOS', or MikroTik RouterOS'. */
export const dialects = ["ip", "cisco", "mikrotik"] as const;

/** One of {@link dialects}. */
export type Dialect = (typeof dialects)[number];

/** A route that has a next hop. */
type UsableRoute = StaticRoute & {
  readonly via: NonNullable<StaticRoute["via"]>;
};

interface Words {
  /** Starts a comment line. */
  readonly comment: string;
  readonly route: (route: UsableRoute) => string;
}

const words: Readonly<Record<Dialect, Words>> = {
  ip: {
    comment: "#",
    // "replace", so that the lines can be run again.
    route: ({ destination, via }) =>
      `ip ${destination.family === 6 ? "-6 " : ""}route replace ${destination.text} via ${via.text}`,
  },
  cisco: {
    comment: "!",
    route: ({ destination, via }) =>
      destination.family === 6
        ? `ipv6 route ${destination.text} ${via.text}`
        : `ip route ${networkOf(destination)} ${netmask(destination)} ${via.text}`,
  },
  mikrotik: {
    comment: "#",
    route: ({ destination, via, cluster, node }) =>
      `${destination.family === 6 ? "/ipv6" : "/ip"} route add dst-address=${destination.text} gateway=${via.text} comment="crosslink: ${cluster}/${node}"`,
  },
};

/**
 * Routes as lines to paste into a router, under a comment for each cluster. A route without a next hop of its family
 * becomes a comment that says so. Ends with a newline unless there are none.
 */
export function formatRoutes(
  routes: readonly StaticRoute[],
  dialect: Dialect,
): string {
  const { comment, route } = words[dialect];
  const clusters = [...new Set(routes.map(({ cluster }) => cluster))].sort();
  const lines = clusters.flatMap((cluster) => [
    `${comment} cluster ${cluster}`,
    ...routes
      .filter((candidate) => candidate.cluster === cluster)
      .map((candidate) =>
        isUsable(candidate)
          ? route(candidate)
          : `${comment} ${unusable(candidate)}`,
      ),
  ]);
  return lines.map((line) => `${line}\n`).join("");
}

function isUsable(route: StaticRoute): route is UsableRoute {
  return route.via !== undefined;
}

function unusable({ destination, node }: StaticRoute): string {
  return `no route to ${destination.text}: node ${node} has no IPv${destination.family} address in its "ips"`;
}

function networkOf({ text }: Cidr): string {
  return text.slice(0, text.indexOf("/"));
}

/** Dotted, as IOS wants it. */
function netmask({ prefix }: Cidr): string {
  const bits = "1".repeat(prefix).padEnd(32, "0");
  return [0, 8, 16, 24]
    .map((start) => Number.parseInt(bits.slice(start, start + 8), 2))
    .join(".");
}
