import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { withSession } from "../kernel/session.ts";
import type { IkeTunnel, SaPlace } from "../mesh/state.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import { type CharonPlaces, charonPlaces } from "./charon/configuration.ts";
import { connectionName } from "./charon/connection.ts";
import { charonDaemon, type Daemon } from "./charon/daemon.ts";
import { type ListedIke, readListed } from "./charon/listed.ts";
import { type Loaded, loadTunnels } from "./charon/load.ts";
import { isInstalled } from "./charon/process.ts";
import {
  type Attempts,
  forgetAttempts,
  mayAttempt,
  nextAttempt,
  noteAttempt,
} from "./attempts.ts";
import { connectionsUp, forgetMended, hear, type Troubles } from "./hear.ts";
import { loop } from "./loop.ts";
import {
  orphansOf,
  sortAssociations,
  type TunnelAssociations,
} from "./orphans.ts";
import { writeState } from "./state.ts";
import { stateOf } from "./tell.ts";
import type { ViciClient } from "./vici/client.ts";

/** Tunnels by IKE, kept by a charon of ours. */
export interface Ike {
  /** Has these served from now on. With none there is no charon. */
  readonly keep: (wanted: WantedIke) => void;
  /** Whether charon has the UDP ports, or is about to take them. */
  readonly wantsPorts: () => boolean;
  readonly close: () => void;
}

/** What a mesh says of its tunnels by IKE. */
interface WantedIke {
  readonly ike: readonly IkeTunnel[];
  readonly retiring: readonly SaPlace[];
}

/** What it works with. */
interface IkeOptions {
  readonly kernel: Kernel;
  /** For charon's files; made for root alone. */
  readonly folder: string;
  readonly log: Log;
}

/** What is known of one charon, and of the tunnels. */
interface Knowledge extends Troubles {
  wanted: WantedIke;
  loaded: Loaded;
  /** Which tunnels carried something when charon was started: they come up before the first packet asks for it. */
  hot: Set<string>;
  /** Which were asked for, and are not up. */
  readonly attempts: Attempts;
}

/** Keeps tunnels by IKE from now on; none so far. */
export function openIke({ kernel, folder, log }: IkeOptions): Ike {
  const places = charonPlaces(folder);
  const known = knowNothing();
  const daemon = charonDaemon(places, {
    log,
    line: (text) => {
      hear(text, { tunnels: known.wanted.ike, troubles: known }, log);
      // Something came or went: what it means is in charon's list.
      if (/established|deleting|failed|giving up/u.test(text)) looking.wake();
    },
    news: () => {
      looking.wake();
    },
  });
  const looking = loop(async () => {
    try {
      await look({ kernel, places, daemon, known, log });
    } catch (error) {
      const fact = error instanceof Error ? error.message : String(error);
      log("error", `Cannot look after tunnels by IKE: ${fact}`);
    }
    return nextAttempt(known.attempts, performance.now());
  });
  return {
    keep: (wanted) => {
      known.wanted = wanted;
      if (wanted.ike.length > 0 || daemon.isRunning()) looking.wake();
    },
    wantsPorts: () => known.wanted.ike.length > 0 && isInstalled(),
    close: () => {
      looking.stop();
      daemon.stop();
    },
  };
}

function knowNothing(): Knowledge {
  return {
    wanted: { ike: [], retiring: [] },
    loaded: new Map(),
    hot: new Set(),
    attempts: new Map(),
    errors: new Map(),
    refusals: new Map(),
  };
}

interface Circumstances {
  readonly kernel: Kernel;
  readonly places: CharonPlaces;
  readonly daemon: Daemon;
  readonly known: Knowledge;
  readonly log: Log;
}

/** One look: charon runs, knows the tunnels, and speaks for every SA of theirs. */
async function look(circumstances: Circumstances): Promise<void> {
  const { daemon, known, places } = circumstances;
  const { ike } = known.wanted;
  if (ike.length === 0) {
    daemon.stop();
    known.loaded = new Map();
    return;
  }
  const vici = await daemon.reach(() => {
    known.loaded = new Map();
    known.hot = clearRemains(circumstances);
  });
  const listed = vici === undefined ? [] : await serve(vici, circumstances);
  forgetMended(known, listed);
  if (vici === undefined && daemon.trouble() === undefined) return;
  writeState(places.state, {
    ...stateOf(ike, {
      listed,
      errors: known.errors,
      trouble: daemon.trouble(),
    }),
    writtenSeconds: Math.floor(Date.now() / 1000),
  });
}

/** Asks charon for all of this; one that does not answer, or says what makes no sense, is ended. */
async function serve(
  vici: ViciClient,
  circumstances: Circumstances,
): Promise<ListedIke[]> {
  const { daemon, known } = circumstances;
  try {
    await loadTunnels(vici, known.loaded, known.wanted.ike);
    const listed = await list(vici);
    const tunnels = associationsOf(circumstances);
    await bringUp(vici, { tunnels, listed, known });
    clearOrphans(tunnels, listed, circumstances);
    return listed;
  } catch (error) {
    daemon.giveUp(error instanceof Error ? error.message : String(error));
    return [];
  }
}

async function list(vici: ViciClient): Promise<ListedIke[]> {
  const listed: ListedIke[] = [];
  await vici.stream("list-sas", "list-sa", (message) => {
    listed.push(...readListed(message));
  });
  return listed;
}

/**
 * A packet without an SA brings its tunnel up. Three kinds do not wait for one: those that carried something before this
 * charon began, those that the kernel has asked another one for, and those with SAs of derived keys, which serve the
 * packets until then. The last are one end's to bring up, lest both do it at once.
 */
async function bringUp(
  vici: ViciClient,
  {
    tunnels,
    listed,
    known,
  }: {
    readonly tunnels: readonly TunnelAssociations[];
    readonly listed: readonly ListedIke[];
    readonly known: Knowledge;
  },
): Promise<void> {
  const { attempts, hot, loaded } = known;
  const begun = new Set(listed.map(({ connection }) => connection));
  forgetAttempts(attempts, { wanted: loaded, up: connectionsUp(listed) });
  for (const { tunnel, derived, isAskedFor } of tunnels) {
    const name = connectionName(tunnel);
    const changesOver = derived.length > 0 && tunnel.localId < tunnel.remoteId;
    const isDue = hot.has(name) || isAskedFor || changesOver;
    const attempt = { name, told: loaded.get(name), nowMs: performance.now() };
    if (begun.has(name)) hot.delete(name);
    else if (isDue && mayAttempt(attempts, attempt)) {
      hot.delete(name);
      noteAttempt(attempts, attempt);
      await vici.request("initiate", { child: name, ike: name, timeout: "-1" });
    }
  }
}

function associationsOf({
  kernel,
  known,
}: Circumstances): TunnelAssociations[] {
  const { ike, retiring } = known.wanted;
  return sortAssociations(
    ike,
    withSession(kernel, ({ xfrm }) => xfrm.associations()),
    new Set(retiring.map(associationIdentity)),
  );
}

/** No charon runs: nobody speaks for what a former one has made. Returns the tunnels that had some. */
function clearRemains(circumstances: Circumstances): Set<string> {
  const { kernel, log } = circumstances;
  const left = associationsOf(circumstances).filter(
    ({ negotiated }) => negotiated.length > 0,
  );
  const orphans = left.flatMap(({ negotiated }) => negotiated);
  if (orphans.length > 0) {
    withSession(kernel, ({ xfrm }) => xfrm.deleteAssociations(orphans));
    log(
      "warn",
      `deleted ${String(orphans.length)} SAs of a charon that has gone`,
    );
  }
  return new Set(left.map(({ tunnel }) => connectionName(tunnel)));
}

function clearOrphans(
  tunnels: readonly TunnelAssociations[],
  listed: readonly ListedIke[],
  { kernel, log }: Circumstances,
): void {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const children = listed.flatMap((ike) => ike.children);
  const orphans = tunnels.flatMap((tunnel) =>
    orphansOf(tunnel, children, nowSeconds),
  );
  if (orphans.length === 0) return;
  // Each result is a refusal or nothing: what has just gone by itself is what was wanted.
  withSession(kernel, ({ xfrm }) => xfrm.deleteAssociations(orphans));
  log(
    "info",
    `deleted ${String(orphans.length)} SAs that charon does not list`,
  );
}
