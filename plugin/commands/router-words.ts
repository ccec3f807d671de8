import { formatAddress } from "../../native/index.ts";
import {
  connectionName,
  remoteAddress,
  startAction,
} from "../ike/charon/connection.ts";
import { ESP_PROPOSALS, IKE_PROPOSALS } from "../ike/charon/proposals.ts";
import type { RouterTunnels } from "../mesh/router-tunnels.ts";
import type { IkeTunnel } from "../mesh/state.ts";

/** Whose words: strongSwan's swanctl.conf, or those that any IKEv2 implementation has. */
export const ikeDialects = ["swanctl", "generic"] as const;

/** One of {@link ikeDialects}. */
export type IkeDialect = (typeof ikeDialects)[number];

/** What routers have to be told, without any secret. Ends with a newline. */
export function formatRouters(
  routers: readonly RouterTunnels[],
  dialect: IkeDialect,
): string {
  const words = { swanctl: swanctlOf, generic: genericOf }[dialect];
  return routers
    .flatMap((router, i) => [
      titleOf(router),
      ...words(router, nameOf(routers, i)),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** The pre-shared keys, in swanctl.conf's words. A secret: for a file that is root's alone. */
export function secretsOfRouters(routers: readonly RouterTunnels[]): string {
  const blocks = routers.flatMap((router, i) => [
    [`  ${titleOf(router)}`],
    ...router.tunnels.flatMap((tunnel) =>
      tunnel.secrets.map(({ keyId, psk }) => [
        `  ike-${nameOf(routers, i)(tunnel)}-${String(keyId)} {`,
        `    id-1 = fqdn:${tunnel.localId}`,
        `    id-2 = fqdn:${tunnel.remoteId}`,
        // A text that starts with 0x or 0s would be taken for another one's code.
        `    secret = 0x${Buffer.from(psk.bytes()).toString("hex")}`,
        `    # As a text: ${Buffer.from(psk.bytes()).toString()}`,
        "  }",
      ]),
    ),
  ]);
  return ["secrets {", ...blocks.flat(), "}", ""].join("\n");
}

function titleOf({ router, network }: RouterTunnels): string {
  return `# Router ${router} of ${network}`;
}

/** How a tunnel is called in strongSwan's files. */
type Name = (tunnel: IkeTunnel) => string;

/** Of two sections with one name strongSwan keeps the last one's values: whoever gives a router the whole file must not lose its own. */
function nameOf(routers: readonly RouterTunnels[], index: number): Name {
  const suffix = routers.length > 1 ? `-${String(index + 1)}` : "";
  return (tunnel) => connectionName(tunnel) + suffix;
}

function swanctlOf({ tunnels }: RouterTunnels, nameOfTunnel: Name): string[] {
  const sections = tunnels.flatMap((tunnel) =>
    connectionOf(tunnel, nameOfTunnel(tunnel)),
  );
  return ["connections {", ...sections, "}"];
}

function connectionOf(tunnel: IkeTunnel, name: string): string[] {
  const { local, localId, remoteId, inUdp } = tunnel;
  const action = startAction(tunnel);
  return [
    `  # ${tunnel.cluster}/${tunnel.node}`,
    `  ${name} {`,
    "    version = 2",
    `    local_addrs = ${formatAddress(local)}`,
    `    remote_addrs = ${remoteAddress(tunnel)}`,
    `    proposals = ${IKE_PROPOSALS.join(",")}`,
    "    mobike = no",
    ...(inUdp ? ["    encap = yes"] : []),
    "    dpd_delay = 20s",
    "    rekey_time = 4h",
    "    keyingtries = 0",
    "    local {",
    "      auth = psk",
    `      id = fqdn:${localId}`,
    "    }",
    "    remote {",
    "      auth = psk",
    `      id = fqdn:${remoteId}`,
    "    }",
    "    children {",
    `      ${name} {`,
    `        local_ts = ${textOf(tunnel.localCidrs)}`,
    `        remote_ts = ${textOf(tunnel.remoteCidrs)}`,
    `        esp_proposals = ${ESP_PROPOSALS.join(",")}`,
    "        replay_window = 1024",
    "        rekey_time = 1h",
    `        start_action = ${action}`,
    `        dpd_action = ${action === "none" ? "clear" : action}`,
    "      }",
    "    }",
    "  }",
  ];
}

function genericOf({ network, tunnels }: RouterTunnels): string[] {
  return tunnels.flatMap((tunnel) => [
    `Peer ${tunnel.cluster}/${tunnel.node}, by IKEv2`,
    `  this router's address    ${formatAddress(tunnel.local)}`,
    `  the peer's address       ${tunnel.initiator === "peer" ? "any: it begins" : formatAddress(tunnel.remote)}`,
    `  this router's identity   ${tunnel.localId} (FQDN)`,
    `  the peer's identity      ${tunnel.remoteId} (FQDN)`,
    `  authentication           pre-shared key; crosslink routes ${network} --secrets FILE writes it`,
    "  IKE                      AES-256-GCM (ICV of 16 bytes), PRF HMAC-SHA2-384, group 31 (x25519) or 20 (ECP-384), 4 h",
    "  ESP                      AES-256-GCM (ICV of 16 bytes), extended sequence numbers, PFS with group 31 or 20, 1 h",
    `  mode                     tunnel${tunnel.inUdp ? ", always in UDP port 4500" : ", in UDP port 4500 where there is NAT"}`,
    `  this router's networks   ${textOf(tunnel.localCidrs)}`,
    `  the peer's networks      ${textOf(tunnel.remoteCidrs)}`,
  ]);
}

function textOf(cidrs: IkeTunnel["localCidrs"]): string {
  return cidrs.map(({ text }) => text).join(",");
}
