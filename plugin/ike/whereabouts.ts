import { parseAddress } from "../../ip/cidr.ts";
import { formatAddress } from "../../native/index.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import { connectionName } from "./charon/connection.ts";
import type { ListedIke } from "./charon/listed.ts";
import { readState } from "./state.ts";

/**
 * Where peers that initiate are, by what charon has proven: the newest IKE_SA of each counts, since one that has moved may
 * have left others behind.
 */
export function whereaboutsOf(
  tunnels: readonly IkeTunnel[],
  listed: readonly ListedIke[],
): Whereabouts {
  const byConnection = Map.groupBy(listed, ({ connection }) => connection);
  return new Map(
    tunnels
      .filter(({ initiator }) => initiator === "peer")
      .flatMap((tunnel) => {
        const [newest] = (byConnection.get(connectionName(tunnel)) ?? [])
          .filter(({ state }) => state === "ESTABLISHED")
          .toSorted((a, b) => a.ageSeconds - b.ageSeconds);
        return newest === undefined
          ? []
          : addressOf(newest.remoteHost).map(
              (address) => [tunnel.remoteId, address] as const,
            );
      }),
  );
}

/** Whether they name the same peers at the same places. */
export function isSameWhereabouts(
  one: Whereabouts = new Map(),
  other: Whereabouts = new Map(),
): boolean {
  return textOf(one) === textOf(other);
}

/** What the agent last wrote of them; none where it wrote none, or nothing that makes sense. */
export function readWhereabouts(path: string): Whereabouts {
  const written = Object.entries(readState(path)?.whereabouts ?? {});
  return new Map(
    written.flatMap(([name, text]) =>
      addressOf(text).map((address) => [name, address] as const),
    ),
  );
}

function addressOf(text: string): Uint8Array[] {
  try {
    return [parseAddress(text).bytes];
  } catch {
    return []; // a newer charon may say it otherwise
  }
}

function textOf(whereabouts: Whereabouts): string {
  return [...whereabouts]
    .map(([name, address]) => `${name} ${formatAddress(address)}`)
    .sort()
    .join();
}
