import { PROTECT_PRIORITY } from "../../owned.ts";
import type { Cidr } from "../../../ip/cidr.ts";
import {
  type SecurityPolicy,
  type Template,
  XFRM_POLICY_ICMP,
} from "../../../native/index.ts";
import type { TemplatedTunnel } from "./keyed-tunnel.ts";
import { compareCidrs } from "../../../ip/cidr.ts";
import { joinSorted } from "../join-sorted.ts";
import { isPlaced } from "../whereabouts.ts";
import { anyOf, block, prefixOf } from "./block.ts";

/** A remote CIDR's policies of one direction pair: what travels between `local` and `remote`. */
type Ways = "both" | "out";

/**
 * Packets to a global CIDR of the own cluster have not been translated to the pod's address, since
 * translation comes before routing; without translation they would follow the default route, decrypted.
 */
export function blockUntranslated(globals: readonly Cidr[]): SecurityPolicy[] {
  return globals.map((global) =>
    block("out", { source: anyOf(global), destination: prefixOf(global) }),
  );
}

/**
 * Packets from remote pods to a service that nothing serves here have kept the service's address, since whatever serves
 * it translates before routing; they would follow the default route, decrypted. Packets of the own cluster are spared:
 * a node's own are looked up before they are translated.
 */
export function blockUnserved(
  services: readonly Cidr[],
  remotes: readonly Cidr[],
): SecurityPolicy[] {
  return services.flatMap((service) =>
    pairs(remotes, service).map((remote) =>
      block("out", {
        source: prefixOf(remote),
        destination: prefixOf(service),
      }),
    ),
  );
}

/**
 * On a gateway: what came decrypted from one cluster leaves by ESP, to the other clusters or to a leaf, or goes to one of
 * the gateway's own pods. Nothing of it crosses the cluster's own network in clear text, and nothing from there enters a
 * tunnel but what a leaf sent by ESP.
 */
export function gatewayPolicies(
  ownPods: readonly Cidr[],
  remotes: readonly Cidr[],
): SecurityPolicy[] {
  const blocked = remotes.flatMap((remote) => [
    block("out", { source: prefixOf(remote), destination: anyOf(remote) }),
    block("fwd", { source: anyOf(remote), destination: prefixOf(remote) }),
  ]);
  const passed = remotes.flatMap((remote) =>
    pairs(ownPods, remote).flatMap((pods) => [
      allow("fwd", { source: prefixOf(pods), destination: prefixOf(remote) }),
      allow("out", { source: prefixOf(remote), destination: prefixOf(pods) }),
    ]),
  );
  return [...blocked, ...passed];
}

/** What protects the packets of several tunnels, in order. */
export function policiesOfAll(
  tunnels: readonly TemplatedTunnel[],
  make: typeof policiesByRemote = policiesByRemote,
): readonly RemotePolicies[] {
  return tunnels
    .flatMap((tunnel) => make(tunnel))
    .sort((a, b) => compareCidrs(a.remote, b.remote));
}

/** Tunnels each pair of local and remote CIDR through its tunnel, both ways. Without "fwd" the receiver drops. */
export function protectPolicies(
  lists: readonly (readonly RemotePolicies[])[],
): RemotePolicies[] {
  return joinSorted(lists, (a, b) => compareCidrs(a.remote, b.remote));
}

/**
 * Those of one remote CIDR, worked out each time that they are asked for: most of a large mesh nobody asks for while its files
 * change, and they would be a sixth of what an agent holds.
 */
export class RemotePolicies {
  readonly remote: Cidr;
  readonly #tunnel: TemplatedTunnel;

  constructor(remote: Cidr, tunnel: TemplatedTunnel) {
    this.remote = remote;
    this.#tunnel = tunnel;
  }

  get policies(): readonly SecurityPolicy[] {
    const { remote } = this;
    const tunnel = this.#tunnel;
    return [
      ...pairs(tunnel.localCidrs, remote).flatMap((local) =>
        protect(tunnel, { local, remote, ways: "both" }),
      ),
      ...pairs(tunnel.hiddenCidrs, remote).flatMap((local) =>
        protect(tunnel, { local, remote, ways: "out" }),
      ),
    ];
  }
}

/** What protects a tunnel's packets. */
export function policiesByRemote(
  tunnel: TemplatedTunnel,
): readonly RemotePolicies[] {
  return tunnel.remoteCidrs.map((remote) => new RemotePolicies(remote, tunnel));
}

function protect(
  tunnel: TemplatedTunnel,
  pair: { local: Cidr; remote: Cidr; ways: Ways },
): SecurityPolicy[] {
  const local = prefixOf(pair.local);
  const remote = prefixOf(pair.remote);
  // Without a place to send to, the block policy decides.
  const out = isPlaced(tunnel)
    ? [
        allow(
          "out",
          { source: local, destination: remote },
          template(tunnel, tunnel.local, tunnel.remote),
        ),
      ]
    : [];
  if (pair.ways === "out") return out;
  const inbound = template(tunnel, tunnel.inboundSource, tunnel.local);
  const selector = { source: remote, destination: local };
  return [
    ...out,
    allow("in", selector, inbound),
    allow("fwd", selector, inbound),
  ];
}

function pairs(cidrs: readonly Cidr[], other: Cidr): Cidr[] {
  return cidrs.filter(({ family }) => family === other.family);
}

function template(
  tunnel: TemplatedTunnel,
  source: Uint8Array,
  destination: Uint8Array,
): Template {
  return { source, destination, reqid: tunnel.reqid, mode: "tunnel" };
}

/** An ICMP error about a packet that the policy lets through passes as well, from whatever router it is. */
function allow(
  direction: SecurityPolicy["direction"],
  selector: SecurityPolicy["selector"],
  ...templates: readonly Template[]
): SecurityPolicy {
  return {
    selector,
    direction,
    action: "allow",
    priority: PROTECT_PRIORITY,
    templates,
    flags: XFRM_POLICY_ICMP,
  };
}
