import type { Log } from "../../kernel/log.ts";
import type { Access } from "./access.ts";
import { ApiError, isStatus } from "./error.ts";
import { type Collection, list } from "./list.ts";
import type { ApiObject } from "./object.ts";
import { watch, type WatchEvent } from "./watch.ts";

/** Objects of a collection by name. */
type Objects = ReadonlyMap<string, ApiObject>;

/** A collection that is followed. */
export interface Followed {
  /** Undefined until it was listed once. After an error: as it was. */
  readonly objects: () => Objects | undefined;
  /** When the API server last gave a good answer, in milliseconds since 1970; undefined before. */
  readonly lastGood: () => number | undefined;
  /** The error that it is in; undefined where all is well. */
  readonly trouble: () => ApiError | undefined;
  /** How often the API server has turned out to know less than before: what it stores in came back from a backup. */
  readonly setBacks: () => number;
  readonly stop: () => void;
}

/** How patient following is; milliseconds. */
export interface Timing {
  /** How long a watch lasts at most, before jitter. */
  readonly watchMs: number;
  readonly silenceMs: number;
  /** After this much all is listed again, whatever the watch says. */
  readonly relistMs: number;
  /** The pause after a first error, and the longest one. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
}

const USUAL: Timing = {
  watchMs: 240_000,
  silenceMs: 150_000,
  relistMs: 600_000,
  pauseMs: 1_000,
  longestPauseMs: 30_000,
};

/** What is followed, and who is told. */
export interface Following {
  readonly access: Access;
  readonly collection: Collection;
  readonly log: Log;
  /** Called after each list, and after each event. */
  readonly onChange: () => void;
  /** Called when an error begins or ends. */
  readonly onTrouble?: () => void;
  readonly timing?: Timing;
  /** Whether the API server may know no such kind: that it does not is then no news. */
  readonly mayBeMissing?: boolean;
}

interface State {
  objects: Map<string, ApiObject> | undefined;
  version: string;
  /** The newest version that was seen. */
  newest: bigint;
  setBacks: number;
  listedAt: number;
  lastGood: number | undefined;
  trouble: ApiError | undefined;
  pauseMs: number;
  stopped: boolean;
  /** Ends what is waited for. */
  cut: () => void;
}

/**
 * Lists a collection, and watches it from there, until it is stopped: a stream that ends is taken up where it ended, and
 * whatever else happens to it is answered by a new list. An error changes nothing of what is known.
 */
export function follow(following: Following): Followed {
  const { timing = USUAL } = following;
  const state: State = {
    objects: undefined,
    version: "",
    newest: 0n,
    setBacks: 0,
    listedAt: 0,
    lastGood: undefined,
    trouble: undefined,
    pauseMs: timing.pauseMs,
    stopped: false,
    cut: () => undefined,
  };
  void run({ ...following, timing }, state);
  return {
    objects: () => state.objects,
    lastGood: () => state.lastGood,
    trouble: () => state.trouble,
    setBacks: () => state.setBacks,
    stop: () => {
      state.stopped = true;
      state.cut();
    },
  };
}

type Run = Following & { readonly timing: Timing };

async function run(following: Run, state: State): Promise<void> {
  while (!state.stopped) {
    try {
      await round(following, state);
    } catch (error) {
      await afterError(following, state, error);
    }
  }
}

/** Both answers may come after the end was asked for; nobody is told of them then. */
async function round(following: Run, state: State): Promise<void> {
  const { access, collection, timing } = following;
  const isDue = Date.now() - state.listedAt > timing.relistMs;
  if (state.objects === undefined || state.version === "" || isDue) {
    const listing = await list(access, collection);
    state.objects = new Map(listing.objects.map((one) => [keyOf(one), one]));
    const listed = asNumber(listing.resourceVersion);
    if (listed < state.newest) state.setBacks++;
    state.newest = listed;
    state.version = listing.resourceVersion;
    state.listedAt = Date.now();
    good(following, state);
    if (!state.stopped) following.onChange();
  }
  const began = Date.now();
  await watchOnce(following, state);
  // Whoever ends every watch at once would be asked without a pause.
  if (Date.now() - began < timing.pauseMs) await pause(timing.pauseMs, state);
}

async function watchOnce(following: Run, state: State): Promise<void> {
  if (state.stopped) return;
  const { access, collection, timing } = following;
  await watch(access, collection, {
    resourceVersion: state.version,
    // Agents that were started together must not come back together.
    timeoutSeconds: Math.ceil(jitter(timing.watchMs, 0.25) / 1000),
    silenceMs: timing.silenceMs,
    onBegin: (abort) => {
      state.cut = abort;
      if (state.stopped) abort();
      else good(following, state);
    },
    onEvent: (event) => {
      if (state.stopped) return;
      good(following, state);
      take(event, state);
      if (event.type !== "BOOKMARK") following.onChange();
    },
  });
}

function take({ type, object }: WatchEvent, state: State): void {
  state.version = object.metadata.resourceVersion ?? state.version;
  state.newest = asNumber(state.version);
  if (type === "BOOKMARK") return;
  if (type === "DELETED") state.objects?.delete(keyOf(object));
  else state.objects?.set(keyOf(object), object);
}

/** Versions are numbers that grow (Kubernetes 1.35, KEP-5504; etcd and kine as ever); 0 for one that is none. */
function asNumber(version: string): bigint {
  return /^\d{1,20}$/.test(version) ? BigInt(version) : 0n;
}

function good(following: Run, state: State): void {
  state.lastGood = Date.now();
  state.pauseMs = following.timing.pauseMs;
  if (state.trouble === undefined) return;
  state.trouble = undefined;
  following.log("info", `${following.collection.path}: the API server answers`);
  following.onTrouble?.();
}

async function afterError(
  following: Run,
  state: State,
  error: unknown,
): Promise<void> {
  if (state.stopped) return;
  // Whatever went wrong, the version that a watch would begin at is not to be trusted: after etcd came back from a
  // backup, it may lie ahead.
  state.version = "";
  if (isStatus(error, 410)) return;
  const trouble =
    error instanceof ApiError ? error : new ApiError(String(error));
  const isNew = state.trouble?.message !== trouble.message;
  state.trouble = trouble;
  if (isNew) {
    const isExpected = following.mayBeMissing === true && isMissing(trouble);
    if (!isExpected) following.log("warn", trouble.message);
    following.onTrouble?.();
  }
  await pause(trouble.retryAfterMs ?? jitter(state.pauseMs, 0.5), state);
  state.pauseMs = Math.min(state.pauseMs * 2, following.timing.longestPauseMs);
}

function pause(milliseconds: number, state: State): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    state.cut = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Up to so much more. */
function jitter(milliseconds: number, share: number): number {
  return milliseconds * (1 + Math.random() * share);
}

/** What is there, as a list; undefined until it was listed once. */
export function valuesOf({ objects }: Followed): ApiObject[] | undefined {
  const known = objects();
  return known === undefined ? undefined : [...known.values()];
}

/** The same, and nothing where the API server knows no such kind. */
export function valuesOrNone(followed: Followed): ApiObject[] | undefined {
  const isNone = isMissing(followed.trouble());
  return valuesOf(followed) ?? (isNone ? [] : undefined);
}

function isMissing(trouble: ApiError | undefined): boolean {
  return isStatus(trouble, 404);
}

function keyOf({ metadata: { namespace, name } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
