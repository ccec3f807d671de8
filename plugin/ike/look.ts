import type { CurrentChange, Outcomes } from "../../native/index.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../kernel/log.ts";
import { withSession } from "../kernel/session.ts";
import type { IkeTunnel } from "../mesh/state.ts";
import { associationIdentity } from "../reconcile/identity.ts";
import { nextAttempt } from "./attempts.ts";
import { sortAssociations, type TunnelAssociations } from "./associations.ts";
import { bringUp } from "./bring-up.ts";
import type { CharonPlaces } from "./charon/configuration.ts";
import { connectionName } from "./charon/connection.ts";
import type { Daemon } from "./charon/daemon.ts";
import { type ListedIke, readListed } from "./charon/listed.ts";
import { loadTunnels, type ProvableTunnel } from "./charon/load.ts";
import type { NodeIdentity } from "./charon/node-identity.ts";
import { forgetMended } from "./hear.ts";
import { type Knowledge, leavingTunnels, servedTunnels } from "./knowledge.ts";
import { isGone, isToGo } from "./leaving.ts";
import { believedOf, orphansOf, replacedOf } from "./orphans.ts";
import {
  isUnsettled,
  keepUsing,
  SETTLE_SECONDS,
  useDerived,
} from "./outgoing.ts";
import { rekeyDue } from "./rekey.ts";
import { type IkeState, writeState } from "./state.ts";
import { stateOf } from "./tell.ts";
import type { ViciClient } from "./vici/client.ts";
import { isSameWhereabouts, whereaboutsOf } from "./whereabouts.ts";

/** What a look works with. */
export interface IkeLook {
  readonly kernel: Kernel;
  readonly places: CharonPlaces;
  readonly daemon: Daemon;
  readonly known: Knowledge;
  readonly log: Log;
  readonly onIdle: () => void;
  readonly onLook: (state: IkeState) => void;
  /** Called when a peer that initiates has appeared at another address. */
  readonly onMove: () => void;
  /** What this node proves its name by; a sentence where it has nothing that serves. */
  readonly identity: (id: string) => NodeIdentity | string;
}

/** One look: charon runs, knows the tunnels, and speaks for every SA of theirs. */
export async function look(circumstances: IkeLook): Promise<void> {
  const { daemon, known, places } = circumstances;
  letGo(circumstances);
  if (servedTunnels(known).length === 0) {
    daemon.stop();
    known.loaded = new Map();
    circumstances.onLook(NOTHING_KEPT);
    if (!daemon.hasPorts()) circumstances.onIdle();
    return;
  }
  // Before charon can make any: what is sent stays on the SAs that are there.
  steer(circumstances);
  const vici = await daemon.reach(() => {
    known.loaded = new Map();
    known.listed = [];
    known.hot = clearRemains(circumstances);
  });
  const listed = vici === undefined ? [] : await serve(vici, circumstances);
  forgetMended(known, listed);
  follow(listed, circumstances);
  if (vici === undefined && daemon.trouble() === undefined) return;
  const state = stateOf(known.tunnels, {
    listed,
    errors: known.errors,
    trouble: daemon.trouble(),
    whereabouts: known.whereabouts,
    certificateUntil: known.certificateUntil,
  });
  circumstances.onLook(state);
  writeState(places.state, { ...state, writtenSeconds: seconds() });
}

const NOTHING_KEPT: IkeState = {
  trouble: null,
  certificateUntil: null,
  tunnels: [],
  whereabouts: {},
};

/** Policies follow a peer that initiates to where charon has it now; one that has gone is awaited where it was last. */
function follow(
  listed: readonly ListedIke[],
  { known, onMove }: IkeLook,
): void {
  const found = whereaboutsOf(known.tunnels, listed);
  const next = new Map([...known.whereabouts, ...found]);
  if (isSameWhereabouts(next, known.whereabouts)) return;
  known.whereabouts = next;
  onMove();
}

/** After how many milliseconds there is something to do that nothing tells of; undefined where nothing is known of. */
export function nextLook({
  attempts,
  isUnsettled: isNew,
}: Knowledge): number | undefined {
  const waits = [
    nextAttempt(attempts, performance.now()),
    isNew ? SETTLE_SECONDS * 1000 : undefined,
  ].filter((each) => each !== undefined);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** Tunnels that have gone over to derived keys for long enough. */
function letGo({ known }: IkeLook): void {
  const nowMs = performance.now();
  known.leaving = known.leaving.filter((each) => !isGone(each, nowMs));
}

/** Asks charon for all of this; one that does not answer, or says what makes no sense, is ended. */
async function serve(
  vici: ViciClient,
  circumstances: IkeLook,
): Promise<ListedIke[]> {
  const { daemon, known } = circumstances;
  try {
    const identity = askedOnce(circumstances.identity);
    const provable = servedTunnels(known).flatMap((each) =>
      provableOf(each, { identity, known }),
    );
    const [shown] = provable.flatMap(({ identity }) => identity ?? []);
    known.certificateUntil = shown?.untilSeconds;
    await loadTunnels(vici, known.loaded, provable);
    const listed = await list(vici);
    known.listed = listed;
    const associations = associationsOf(circumstances);
    await bringUp(vici, { associations, listed, known });
    await rekeyDue(vici, { listed, associations });
    clearOrphans(associations, listed, circumstances);
    steer(circumstances);
    return listed;
  } catch (error) {
    daemon.giveUp(error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** With what this node has to show, where the peer wants to see a certificate; none where it has nothing that serves. */
function provableOf(
  tunnel: IkeTunnel,
  { identity, known }: Pick<IkeLook, "identity" | "known">,
): ProvableTunnel[] {
  if (tunnel.isUnprovable) {
    const why = tunnel.difference ?? "its ends cannot prove who they are";
    known.errors.set(connectionName(tunnel), why);
    return [];
  }
  if (tunnel.authority === undefined) return [{ tunnel }];
  const found = identity(tunnel.localId);
  if (typeof found !== "string") return [{ tunnel, identity: found }];
  known.errors.set(connectionName(tunnel), found);
  return [];
}

/** What all tunnels of a node show is one certificate, whose files are read once a look. */
function askedOnce(identity: IkeLook["identity"]): IkeLook["identity"] {
  const found = new Map<string, ReturnType<IkeLook["identity"]>>();
  return (id) => {
    const known = found.get(id) ?? identity(id);
    found.set(id, known);
    return known;
  };
}

async function list(vici: ViciClient): Promise<ListedIke[]> {
  const listed: ListedIke[] = [];
  await vici.stream("list-sas", "list-sa", (message) => {
    listed.push(...readListed(message));
  });
  return listed;
}

function associationsOf({ kernel, known }: IkeLook): TunnelAssociations[] {
  return sortAssociations(
    servedTunnels(known),
    withSession(kernel, ({ xfrm }) => xfrm.associations()),
    new Set(known.derived.map(associationIdentity)),
    known.listed,
  );
}

/** Has the kernel use, of each tunnel's outbound SAs, the one that the other end is sure to take. */
function steer(circumstances: IkeLook): void {
  const { kernel, known } = circumstances;
  const nowMs = performance.now();
  const going = new Set(
    known.leaving
      .filter((leaving) => isToGo(leaving, nowMs))
      .map(({ tunnel }) => tunnel),
  );
  const leaving = new Set(leavingTunnels(known));
  const associations = associationsOf(circumstances);
  known.isUnsettled = associations.some((each) => isUnsettled(each, seconds()));
  const changes = associations.flatMap((each) =>
    going.has(each.tunnel)
      ? useDerived(each, seconds())
      : keepUsing(
          each,
          seconds(),
          leaving.has(each.tunnel) ? "negotiated" : "derived",
        ),
  );
  // Each result is a refusal or nothing: an SA that has just gone is not used either.
  withSession(kernel, ({ xfrm }): Outcomes => setAll(xfrm, changes));
}

function setAll(
  xfrm: { setCurrents: (list: readonly CurrentChange[]) => Outcomes },
  changes: readonly CurrentChange[],
): Outcomes {
  return changes.length === 0 ? [] : xfrm.setCurrents(changes);
}

/** No charon runs: nobody speaks for what a former one has made. Returns the tunnels that had some. */
function clearRemains(circumstances: IkeLook): Set<string> {
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
  { kernel, known, log }: IkeLook,
): void {
  const children = listed.flatMap((ike) => ike.children);
  const leaving = new Set(leavingTunnels(known));
  const unlisted = tunnels.flatMap((each) =>
    orphansOf(each, children, seconds()),
  );
  const replaced = tunnels
    .filter(({ tunnel }) => !leaving.has(tunnel))
    .flatMap((each) => replacedOf(each, children, seconds()));
  const orphans = [
    ...believedOf(unlisted, known.suspects, seconds()),
    ...replaced,
  ];
  if (orphans.length === 0) return;
  // Each result is a refusal or nothing: what has just gone by itself is what was wanted.
  withSession(kernel, ({ xfrm }) => xfrm.deleteAssociations(orphans));
  log(
    "info",
    `deleted ${String(orphans.length)} SAs that charon does not list`,
  );
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
