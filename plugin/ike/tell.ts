import { formatAddress } from "../../native/index.ts";
import type { IkeTunnel } from "../mesh/state.ts";
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
}

/** What an admin has to know of the tunnels. Pure. */
export function stateOf(
  tunnels: readonly IkeTunnel[],
  { listed, errors, trouble }: IkeFacts,
): IkeState {
  const byConnection = Map.groupBy(listed, ({ connection }) => connection);
  return {
    trouble: trouble ?? null,
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
    ikeAlgorithms: ike?.algorithms ?? null,
    ikeRekeySeconds: ike?.rekeySeconds ?? null,
    ...childState(child),
    lastError: lastError ?? null,
    lastErrorCause: (lastError && causeOf(lastError)) ?? null,
  };
}

function hasChild({ children }: ListedIke): boolean {
  return children.some(isInstalled);
}

function isInstalled({ state }: ListedChild): boolean {
  return state === "INSTALLED";
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
  return {
    espAlgorithms: child?.algorithms ?? null,
    inUdp: child?.inUdp ?? false,
    upSinceSeconds: child?.ageSeconds ?? null,
    espRekeySeconds: child?.rekeySeconds ?? null,
    heardSeconds: child?.heardSeconds ?? null,
  };
}
