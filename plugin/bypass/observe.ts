import {
  AF_INET,
  AF_INET6,
  formatAddress,
  readSysctl,
  type Route,
  RT_TABLE_MAIN,
} from "../../native/index.ts";
import { inNamespace } from "../kernel/kernel.ts";
import type { Session } from "../kernel/session.ts";
import { widest } from "../mesh/networks.ts";
import type { DesiredMesh } from "../mesh/state.ts";
import { withNftables } from "../kernel/nftables.ts";
import type { Bypass, BypassFacts, Ipvs } from "./bypass.ts";
import { type Device, deviceRoles } from "./devices.ts";
import { findBypasses } from "./find.ts";
import { observeCopies, observeLegacyCopies } from "./observe-copies.ts";
import { observeForwarders } from "./observe-forwarders.ts";
import { readIpvsServers } from "./ipvs-table.ts";
import { type ProgramVerdict, programVerdicts } from "./program-verdict.ts";
import { attached, ingressFilters } from "./observe-traffic.ts";

/**
 * Looks for ways past what crosslink sets up; changes nothing. Its price is a few dumps, and a request for each device that has
 * filters: no ADD waits for it.
 *
 * @throws NetlinkError
 */
export function lookForBypasses(
  session: Session,
  mesh: DesiredMesh | undefined,
  redirects: ProgramVerdict = programVerdicts(session.kernel.binding),
): Bypass[] {
  const encrypted = (mesh?.exemptions ?? []).filter(
    (exemption) => exemption.encrypted,
  );
  if (mesh === undefined || encrypted.length === 0) return [];
  return findBypasses({
    remotes: widest(encrypted.map(({ remote }) => remote)),
    locals: widest(
      encrypted.flatMap(({ local, global = local }) => [local, global]),
    ),
    ...observe(session, mesh, redirects),
    // Of a large mesh most of what is known here: asked for where another program has policies.
    get protecting() {
      return mesh.policies.filter(({ action }) => action === "allow");
    },
  });
}

type Observed = Omit<BypassFacts, "remotes" | "locals" | "protecting">;

function observe(
  session: Session,
  mesh: DesiredMesh,
  redirects: ProgramVerdict,
): Observed {
  const routes = [AF_INET, AF_INET6].flatMap((family) =>
    session.route.routes({ family }),
  );
  const devices = observeDevices(session, mesh, routes);
  const filters = ingressFilters(session, devices);
  return {
    policies: session.xfrm.policies(),
    blockedByDefault: session.xfrm.blockedByDefault(),
    devices,
    routes,
    switchedOff: switchedOffForAll(session),
    filters,
    programs: attached(session, devices, { filters, redirects }),
    ...(withNftables(session.kernel, (client) => ({
      flowtables: client.flowtables(),
      forwarders: observeForwarders(client),
      copiers: [
        ...observeCopies(client),
        ...observeLegacyCopies(session.kernel),
      ],
    })) ?? {
      ...NONE_OF_NFTABLES,
      copiers: observeLegacyCopies(session.kernel),
    }),
    ipvs: observeIpvs(session),
  };
}

/** Of a kernel that has no nf_tables. */
const NONE_OF_NFTABLES = { flowtables: [], forwarders: [] };

/** The ways out are those to routers, and those that this node's ends of tunnels are addresses of. */
function observeDevices(
  { route }: Session,
  { peers }: DesiredMesh,
  routes: readonly Route[],
): Device[] {
  const ends = new Set(peers.map(({ local }) => formatAddress(local)));
  const holders = route
    .addresses()
    .filter(({ address }) => ends.has(formatAddress(address)))
    .map(({ index }) => index);
  const main = routes.filter(({ table }) => table === RT_TABLE_MAIN);
  return deviceRoles(route.links(), main, holders);
}

const FOR_ALL = [
  "ipv4/conf/all/disable_xfrm",
  "ipv4/conf/all/disable_policy",
  "ipv6/conf/all/disable_policy",
];

function switchedOffForAll(session: Session): Set<string> {
  return new Set(FOR_ALL.filter((path) => setting(session, path) === "1"));
}

function setting({ kernel }: Session, path: string): string | undefined {
  return readSysctl(kernel.binding, `net/${path}`, inNamespace(kernel));
}

function observeIpvs(session: Session): Ipvs | undefined {
  const servers = readIpvsServers();
  if (servers === undefined) return undefined;
  return { conntrack: setting(session, "ipv4/vs/conntrack") !== "0", servers };
}
