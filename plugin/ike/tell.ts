import { formatAddress } from "../../native/index.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import { connectionName } from "./charon/connection.ts";
import { causeOf } from "./charon/log-line.ts";
import type { ListedChild, ListedIke } from "./charon/listed.ts";
import type { IkeState, IkeTunnelState } from "./state.ts";

/** What charon says. */
interface IkeFacts {
  readonly listed: readonly ListedIke[];
  /** By connection. */
  readonly errors: ReadonlyMap<string, string>;
  readonly trouble: string | undefined;
  readonly whereabouts: Whereabouts;
  /** In seconds since 1970. */
  readonly certificateUntil?: number | undefined;
}

/** What an admin has to know of the tunnels. Pure. */
export function stateOf(
  tunnels: readonly IkeTunnel[],
  { listed, errors, trouble, whereabouts, certificateUntil }: IkeFacts,
): IkeState {
  const byConnection = Map.groupBy(listed, ({ connection }) => connection);
  return {
    trouble: trouble ?? null,
    certificateUntil: certificateUntil ?? null,
    whereabouts: Object.fromEntries(
      [...whereabouts].map(([name, bytes]) => [name, formatAddress(bytes)]),
    ),
    tunnels: tunnels.map((tunnel) => {
      const name = connectionName(tunnel);
      return tunnelState(
        tunnel,
        byConnection.get(name) ?? [],
        errors.get(name),
      );
    }),
  };
}

function tunnelState(
  { cluster, node, remote, localId, remoteId }: IkeTunnel,
  sas: readonly ListedIke[],
  lastError: string | undefined,
): IkeTunnelState {
  const established = sas.filter(({ state }) => state === "ESTABLISHED");
  const ike = established.find(hasChild) ?? established[0];
  const child = ike?.children.find(isInstalled);
  return {
    cluster,
    node,
    endpoint: formatAddress(remote),
    localId,
    remoteId,
    state:
      child !== undefined ? "up" : sas.length > 0 ? "connecting" : "waiting",
    ...ikeState(ike),
    ...childState(child),
    ...errorState(lastError),
  };
}

function hasChild({ children }: ListedIke): boolean {
  return children.some(isInstalled);
}

function isInstalled({ state }: ListedChild): boolean {
  return state === "INSTALLED";
}

function ikeState(
  ike: ListedIke | undefined,
): Pick<IkeTunnelState, "ikeAlgorithms" | "ikeRekeySeconds"> {
  return {
    ikeAlgorithms: ike?.algorithms ?? null,
    ikeRekeySeconds: ike?.rekeySeconds ?? null,
  };
}

function childState(
  child: ListedChild | undefined,
): Pick<
  IkeTunnelState,
  | "espAlgorithms"
  | "inUdp"
  | "upSinceSeconds"
  | "espRekeySeconds"
  | "heardSeconds"
> {
  if (child === undefined)
    return {
      espAlgorithms: null,
      inUdp: false,
      upSinceSeconds: null,
      espRekeySeconds: null,
      heardSeconds: null,
    };
  return {
    espAlgorithms: child.algorithms,
    inUdp: child.inUdp,
    upSinceSeconds: child.ageSeconds,
    espRekeySeconds: child.rekeySeconds ?? null,
    heardSeconds: child.heardSeconds ?? null,
  };
}

function errorState(
  lastError: string | undefined,
): Pick<IkeTunnelState, "lastError" | "lastErrorCause"> {
  return {
    lastError: lastError ?? null,
    // What charon does not say, and is no proof, is that the two clusters' files differ.
    lastErrorCause:
      lastError === undefined ? null : (causeOf(lastError) ?? "files"),
  };
}
