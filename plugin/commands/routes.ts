import { CniError, ErrorCode } from "../../cni/error.ts";
import { type ClusterSource, loadClusters } from "../../conf/clusters.ts";
import { type Dialect, dialects, formatRoutes } from "./route-words.ts";
import { routerRoutes, type StaticRoute } from "../mesh/routes.ts";
import type { Terminal } from "./command.ts";
import { isIkeNetwork } from "../mesh/router-tunnels.ts";
import { configurationFor, type Options } from "./options.ts";
import { routerConfiguration } from "./router-ike.ts";
import { ikeDialects } from "./router-words.ts";

/**
 * `crosslink routes [NETWORK]`: the static routes that the router of a plain network needs, in the words of `--for` (Linux's
 * without it); of a network whose file says `"keying": "ike"`, what its router has to know of IKE (swanctl's words without
 * it). Reads files only, so any machine with the cluster files does.
 */
export function runRoutes(options: Options, terminal: Terminal): number {
  const clusters = loadClusters(configurationFor(options).clustersDir);
  const network = options.positionals[0] ?? onlyPlainNetwork(clusters);
  const source = clusters.find(({ cluster }) => cluster.name === network);
  if (source !== undefined && isIkeNetwork(source)) {
    terminal.writeStdout(routerConfiguration(clusters, source, options));
    return 0;
  }
  refuseSecrets(options, network);
  const routes = routerRoutes(
    clusters,
    network === undefined ? {} : { network },
  );
  terminal.writeStdout(
    options.json
      ? `${JSON.stringify(routes.map(toJson), undefined, 2)}\n`
      : formatRoutes(routes, requestedDialect(options)),
  );
  return 0;
}

/** With one plain network it is clear which router is meant. */
function onlyPlainNetwork(
  clusters: readonly ClusterSource[],
): string | undefined {
  const plain = clusters.filter(({ cluster }) => cluster.encryption === "none");
  return plain.length === 1 ? plain[0]?.cluster.name : undefined;
}

function refuseSecrets({ secrets }: Options, network = "any network"): void {
  if (secrets === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot write secrets for the router of ${network}`,
    {
      details:
        'leave --secrets out: it is for a network whose file says "keying": "ike"',
    },
  );
}

function requestedDialect({ for: wanted = "ip" }: Options): Dialect {
  const dialect = dialects.find((known) => known === wanted);
  if (dialect !== undefined) return dialect;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot write routes for "${wanted}"`,
    {
      details: `give one of these with --for: ${dialects.join(", ")}; for a network whose file says "keying": "ike", ${ikeDialects.join(" or ")}`,
    },
  );
}

function toJson({ destination, via, cluster, node }: StaticRoute): object {
  return {
    destination: destination.text,
    via: via?.text ?? null,
    cluster,
    node,
  };
}
