import type { IkeTunnel, SaPlace } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import type { Attempts } from "./attempts.ts";
import type { ListedIke } from "./charon/listed.ts";
import type { LoadedTunnels } from "./charon/load.ts";
import type { TunnelTroubles } from "./hear.ts";
import type { Leaving } from "./leaving.ts";

/** What is known of one charon, and of the tunnels. */
export interface Knowledge extends TunnelTroubles {
  /** By IKE, as the files say. */
  tunnels: readonly IkeTunnel[];
  /** Where SAs by derived keys are, of tunnels that had or will have them. */
  derived: readonly SaPlace[];
  /** No longer by IKE as the files say, and served on for a while. */
  leaving: readonly Leaving[];
  /** At which addresses peers that initiate have appeared, by identity. */
  whereabouts: Whereabouts;
  /** What charon has been told. */
  loaded: LoadedTunnels;
  /** Which tunnels carried something when charon was started: they come up before the first packet asks for it. */
  hot: Set<string>;
  /** SAs that charon did not list, by identity: since when, in seconds. */
  readonly suspects: Map<string, number>;
  /** What charon last said of them. */
  listed: readonly ListedIke[];
  /** Until when the certificate that this node shows holds, in seconds since 1970; undefined where it shows none. */
  certificateUntil: number | undefined;
  /** Whether an SA is so new that traffic goes over to it at a later look. */
  isUnsettled: boolean;
  /** Which were asked for, and are not up. */
  readonly attempts: Attempts;
}

/** Tunnels that charon serves on, although the files no longer say so. */
export function leavingTunnels({
  leaving,
}: Pick<Knowledge, "leaving">): IkeTunnel[] {
  return leaving.map(({ tunnel }) => tunnel);
}

/** All tunnels that charon serves. */
export function servedTunnels(
  known: Pick<Knowledge, "tunnels" | "leaving">,
): IkeTunnel[] {
  return [...known.tunnels, ...leavingTunnels(known)];
}

/** What is known before anything was told. */
export function knowNothing(): Knowledge {
  return {
    tunnels: [],
    derived: [],
    leaving: [],
    whereabouts: new Map(),
    loaded: new Map(),
    hot: new Set(),
    listed: [],
    certificateUntil: undefined,
    isUnsettled: false,
    attempts: new Map(),
    suspects: new Map(),
    errors: new Map(),
    refusals: new Map(),
  };
}
