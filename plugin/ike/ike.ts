import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { placesOf, type TunnelSeries } from "../mesh/ipsec/series.ts";
import type { IkeTunnel, Peer, SaPlace } from "../mesh/state.ts";
import type { Whereabouts } from "../mesh/whereabouts.ts";
import { charonPlaces } from "./charon/configuration.ts";
import { charonDaemon, type Daemon } from "./charon/daemon.ts";
import { orAwaited, readIdentity } from "./charon/node-identity.ts";
import { isInstalled } from "./charon/process.ts";
import { hear } from "./hear.ts";
import { type Knowledge, knowNothing, servedTunnels } from "./knowledge.ts";
import { leavingAfter } from "./leaving.ts";
import { look, nextLook } from "./look.ts";
import type { IkeState } from "./state.ts";
import { type Loop, loop } from "./loop.ts";

/** Tunnels by IKE, kept by a charon of ours. */
export interface Ike {
  /** Has these served from now on. With none there is no charon. */
  readonly keep: (wanted: WantedIke) => void;
  /** Whether charon has the UDP ports, or is about to take them. */
  readonly wantsPorts: () => boolean;
  /** Reqids of SAs that are charon's to make and delete, also where the files no longer say so. */
  readonly reqids: () => ReadonlySet<number>;
  /** Where peers that initiate have appeared. */
  readonly whereabouts: () => Whereabouts;
  readonly close: () => void;
}

/** What a mesh says of its tunnels by IKE. */
interface WantedIke {
  readonly ike: readonly IkeTunnel[];
  readonly retiring: readonly SaPlace[];
  readonly series: readonly TunnelSeries[];
  readonly peers: readonly Peer[];
}

/** What it works with. */
interface IkeOptions {
  readonly kernel: Kernel;
  /** For charon's files; made for root alone. */
  readonly folder: string;
  readonly log: Log;
  /** Called when charon has ended, since nothing is left for it to do, and so its ports are free. */
  readonly onIdle: () => void;
  /** The folder of this node's key and certificate; throws where the configuration cannot be read. */
  readonly identityFolder: () => string;
  /** What its certificate waits for, where somebody is to bring one. */
  readonly certificateWaitsFor: () => string | undefined;
  /** Is told what is known of the tunnels, at each look. */
  readonly onLook: (state: IkeState) => void;
  /** Is told when a peer that initiates has appeared at another address. */
  readonly onMove: () => void;
}

/** Keeps tunnels by IKE from now on; none so far. */
export function openIke(options: IkeOptions): Ike {
  const known = knowNothing();
  const { looking, daemon } = startLooking(options, known);
  const served = (): IkeTunnel[] => servedTunnels(known);
  return {
    keep: ({ ike, retiring, series, peers }) => {
      const before = { ike: known.tunnels, leaving: known.leaving };
      known.leaving = leavingAfter(before, { ike, peers }, performance.now());
      known.tunnels = ike;
      // A mesh without IKE has no use for them, and 20,000 nodes' are not had for nothing.
      known.derived =
        served().length === 0 ? [] : [...retiring, ...series.flatMap(placesOf)];
      if (served().length > 0 || daemon.hasPorts()) looking.wake();
    },
    wantsPorts: () =>
      (served().length > 0 && isInstalled()) || daemon.hasPorts(),
    reqids: () => new Set(served().map(({ reqid }) => reqid)),
    whereabouts: () => known.whereabouts,
    close: () => {
      looking.stop();
      daemon.stop();
    },
  };
}

/** Whenever charon says that something came or went, and every now and then: what it means is in charon's list. */
function startLooking(
  { folder, identityFolder, certificateWaitsFor, ...options }: IkeOptions,
  known: Knowledge,
): { readonly looking: Loop; readonly daemon: Daemon } {
  const { log } = options;
  const places = charonPlaces(folder);
  const daemon = charonDaemon(places, {
    log,
    line: (text) => {
      hear(text, { tunnels: known.tunnels, troubles: known }, log);
      if (/established|deleting|failed|giving up|NAT mappings/u.test(text))
        looking.wake();
    },
    news: () => {
      looking.wake();
    },
  });
  const looking = loop(async () => {
    try {
      const identity = (id: string) =>
        orAwaited(readIdentity(identityFolder(), id), certificateWaitsFor());
      await look({ ...options, places, daemon, known, identity });
    } catch (error) {
      const fact = error instanceof Error ? error.message : String(error);
      log("error", `Cannot look after tunnels by IKE: ${fact}`);
    }
    return nextLook(known);
  });
  return { looking, daemon };
}
