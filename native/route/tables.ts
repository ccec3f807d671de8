import { formatAddress, formatPrefix } from "../address.ts";
import type { Conversation, Request } from "../conversation.ts";
import { ignoring, type NetlinkError } from "../error.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../message.ts";
import {
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_GETROUTE,
  RTM_GETRULE,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from "./constants.ts";
import { withName } from "./device.ts";
import {
  decodeRoute,
  encodeRoute,
  encodeRouteLookup,
  encodeRouteQuery,
  formatRoute,
  type Route,
  type RouteFilter,
  type RouteLookup,
} from "./route.ts";
import {
  decodeRule,
  encodeRuleQuery,
  encodeSourceRule,
  type RoutingRule,
  type SourceRule,
} from "./rule.ts";
import { isInternet } from "./structs.ts";

/** One change to the routing tables. */
export interface RouteChange {
  readonly kind: "add" | "replace" | "delete";
  readonly route: Route;
}

/** The methods of a RouteClient that read and change the routing tables. */
export function routingTables(conversation: Conversation) {
  return {
    routes: (filter: RouteFilter) => listRoutes(conversation, filter),
    getRoute: (destination: Uint8Array, lookup?: RouteLookup) =>
      getRoute(conversation, destination, lookup),
    getRoutes: (destinations: readonly Uint8Array[]) =>
      getRoutes(conversation, destinations),
    ...routeChanges(conversation),
    rules: (family: number): RoutingRule[] =>
      conversation
        .dump({
          operation: "RTM_GETRULE",
          type: RTM_GETRULE,
          body: encodeRuleQuery(family),
        })
        .filter(({ body }) => isInternet(body))
        .map(({ body }) => decodeRule(body)),
    addRule: (rule: SourceRule): void => {
      conversation.execute(ruleRequest("add", rule));
    },
    deleteRule: (rule: SourceRule): void => {
      conversation.execute(ruleRequest("delete", rule));
    },
  };
}

function routeChanges(conversation: Conversation) {
  const changeRoutes = (operations: readonly RouteChange[]) =>
    conversation.executeAll(operations.map(routeRequest)).map((error, at) => {
      const operation = operations[at];
      return error && operation && naming(conversation, operation, error);
    });
  const change = (kind: RouteChange["kind"], route: Route): void => {
    const [error] = changeRoutes([{ kind, route }]);
    if (error !== undefined) throw error;
  };
  return {
    addRoute: (route: Route): void => {
      change("add", route);
    },
    replaceRoute: (route: Route): void => {
      change("replace", route);
    },
    deleteRoute: (route: Route): void => {
      change("delete", route);
    },
    changeRoutes,
  };
}

/** The error with the device that the route leads over. */
function naming(
  conversation: Conversation,
  operation: RouteChange,
  error: NetlinkError,
): NetlinkError {
  const index = operation.route.outputInterface;
  if (index === undefined) return error;
  const what = `${describe(operation)} over`;
  return withName(conversation, index, what, error);
}

function listRoutes(conversation: Conversation, filter: RouteFilter): Route[] {
  const dump = {
    operation: "RTM_GETROUTE",
    type: RTM_GETROUTE,
    body: encodeRouteQuery(filter),
  };
  // A table that never had a route: inet_dump_fib() in net/ipv4/fib_frontend.c answers ENOENT.
  const found = ignoring(["ENOENT"], () => conversation.dump(dump)) ?? [];
  return found
    .filter(({ body }) => isInternet(body))
    .map(({ body }) => decodeRoute(body))
    .filter((route) => passes(route, filter));
}

/** Kernels before 4.20 list all. */
function passes(
  route: Route,
  { table = route.table, outputInterface = route.outputInterface }: RouteFilter,
): boolean {
  return route.table === table && route.outputInterface === outputInterface;
}

// A table without a route says ENETUNREACH; fib_props[] in net/ipv4/fib_semantics.c has what unreachable, blackhole and
// prohibit routes say.
const NO_WAY = ["ENETUNREACH", "EHOSTUNREACH", "EINVAL", "EACCES"];

function getRoute(
  conversation: Conversation,
  destination: Uint8Array,
  lookup?: RouteLookup,
): Route | undefined {
  const get = lookupOf(destination, lookup);
  const found = ignoring(NO_WAY, () => conversation.ask(get));
  return found && decodeRoute(found.body);
}

function getRoutes(
  conversation: Conversation,
  destinations: readonly Uint8Array[],
): (Route | undefined)[] {
  const routes: (Route | undefined)[] = [];
  for (let from = 0; from < destinations.length; from += LOOKUPS) {
    const some = destinations.slice(from, from + LOOKUPS);
    const lookups = some.map((destination) => lookupOf(destination));
    for (const { replies, error } of conversation.askAll(lookups)) {
      if (error !== undefined && !NO_WAY.includes(error.code)) throw error;
      const [found] = replies;
      routes.push(found && decodeRoute(found.body));
    }
  }
  return routes;
}

/** So many are in memory at once as messages, which take far more of it than what is read from them. */
const LOOKUPS = 1024;

function lookupOf(destination: Uint8Array, lookup?: RouteLookup): Request {
  return {
    operation: "RTM_GETROUTE",
    type: RTM_GETROUTE,
    body: encodeRouteLookup(destination, lookup),
    action: () => `look up the route to ${formatAddress(destination)}`,
  };
}

const ROUTE_REQUESTS = {
  add: {
    operation: "RTM_NEWROUTE",
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
  },
  replace: {
    operation: "RTM_NEWROUTE",
    type: RTM_NEWROUTE,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
  },
  delete: { operation: "RTM_DELROUTE", type: RTM_DELROUTE, flags: 0 },
} as const;

function routeRequest(operation: RouteChange): Request {
  const { kind, route } = operation;
  const action = (): string => describe(operation);
  return { ...ROUTE_REQUESTS[kind], body: encodeRoute(route), action };
}

function describe({ kind, route }: RouteChange): string {
  return `${kind} route ${formatRoute(route)}`;
}

const RULE_REQUESTS = {
  add: {
    operation: "RTM_NEWRULE",
    type: RTM_NEWRULE,
    flags: NLM_F_CREATE | NLM_F_EXCL,
  },
  delete: { operation: "RTM_DELRULE", type: RTM_DELRULE, flags: 0 },
} as const;

function ruleRequest(kind: "add" | "delete", rule: SourceRule): Request {
  const action = (): string =>
    `${kind} the rule from ${formatPrefix(rule.source)} to table ${rule.table}`;
  return { ...RULE_REQUESTS[kind], body: encodeSourceRule(rule), action };
}
