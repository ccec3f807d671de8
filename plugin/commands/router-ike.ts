import { closeSync, openSync, writeSync } from "node:fs";
import { CniError, ErrorCode } from "../../cni/error.ts";
import type { ClusterSource } from "../../conf/clusters.ts";
import { loadKeyring } from "../../conf/keyring.ts";
import { isErrno } from "../../files/errno.ts";
import { formatAddress } from "../../native/index.ts";
import { remoteAddress } from "../ike/charon/connection.ts";
import { ESP_PROPOSALS, IKE_PROPOSALS } from "../ike/charon/proposals.ts";
import { type RouterTunnels, routerTunnels } from "../mesh/router-tunnels.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import { configurationFor, type Options } from "./options.ts";
import {
  formatRouters,
  type IkeDialect,
  ikeDialects,
  secretsOfRouters,
} from "./router-words.ts";

/**
 * What the routers of a network whose file says `"keying": "ike"` have to be told. Secrets go to a new file alone, where one
 * is asked for.
 */
export function routerConfiguration(
  clusters: readonly ClusterSource[],
  network: ClusterSource,
  options: Options,
): string {
  const dialect = requestedDialect(options);
  const routers = routerTunnels(clusters, network);
  if (options.secrets !== undefined) {
    const keyring = loadKeyring(configurationFor(options).keyring);
    const full = routerTunnels(clusters, network, keyring);
    writeSecrets(options.secrets, secretsOfRouters(full));
  }
  return options.json
    ? `${JSON.stringify(routers.map(toJson), undefined, 2)}\n`
    : formatRouters(routers, dialect);
}

function requestedDialect({ for: wanted = "swanctl" }: Options): IkeDialect {
  const dialect = ikeDialects.find((known) => known === wanted);
  if (dialect !== undefined) return dialect;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot write a configuration of IKE for "${wanted}"`,
    {
      details: `give --for ${ikeDialects.join(" or ")}, since the network's file says "keying": "ike"`,
    },
  );
}

/** Never over a file that is there, nor through a link. */
function writeSecrets(path: string, text: string): void {
  try {
    const fd = openSync(path, "wx", 0o600);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CniError(
      ErrorCode.io,
      `Cannot write the secrets to "${path}": ${error.code}`,
      { details: "give --secrets the path of a file that is not there yet" },
    );
  }
}

function toJson({ network, router, tunnels }: RouterTunnels): object {
  return { network, router, peers: tunnels.map(peerToJson) };
}

function peerToJson(tunnel: IkeTunnel): object {
  const { cluster, node, local, localId, remoteId, inUdp } = tunnel;
  return {
    cluster,
    node,
    localAddress: formatAddress(local),
    remoteAddress: remoteAddress(tunnel),
    localId,
    remoteId,
    ikeProposals: IKE_PROPOSALS,
    espProposals: ESP_PROPOSALS,
    localCidrs: tunnel.localCidrs.map(({ text }) => text),
    remoteCidrs: tunnel.remoteCidrs.map(({ text }) => text),
    inUdp,
  };
}
