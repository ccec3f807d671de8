import type { Log } from "../../kernel/log.ts";
import { openVici, type ViciClient } from "../vici/client.ts";
import { CHARON_PACKAGES, type CharonPlaces } from "./configuration.ts";
import { portHolder } from "./port-holder.ts";
import { CHARON, type Charon, isInstalled, startCharon } from "./process.ts";

/** charon's life: started where it is needed, again where it ended or hangs, and asked. */
export interface Daemon {
  /**
   * A conversation with a charon that runs, which is started where none does. Undefined where none can be had now.
   *
   * @param beforeStart called before one is started: nobody speaks for what a former one left
   */
  readonly reach: (beforeStart: () => void) => Promise<ViciClient | undefined>;
  /** Why none can be had. */
  readonly trouble: () => string | undefined;
  /** Whether one runs, or has not ended yet, and so has the UDP ports. */
  readonly hasPorts: () => boolean;
  /** It did not answer: it is ended, and the next `reach` starts another. */
  readonly giveUp: (reason: string) => void;
  readonly stop: () => void;
}

/** Who hears of it. */
interface DaemonListener {
  readonly log: Log;
  /** A line of its log. */
  readonly line: (text: string) => void;
  /** Something happened that a look should follow. */
  readonly news: () => void;
}

/** Its socket is there after some 100 ms; on a busy machine, after seconds. */
const SOCKET_TRIES = 100;
const SOCKET_PAUSE_MS = 100;

/** Pauses between starts, in milliseconds: the longest after failures one after the other. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** One that has lived so long did not fail at its start, in milliseconds. */
const SOUND_MS = 60_000;

interface Running {
  readonly charon: Charon;
  readonly startedMs: number;
  client?: ViciClient;
}

/** What is known of it. */
interface Life {
  readonly places: CharonPlaces;
  readonly listener: DaemonListener;
  running: Running | undefined;
  /** Those that have not ended. */
  processes: number;
  /** One after the other. */
  failures: number;
  notBeforeMs: number;
  trouble: string | undefined;
}

/** Makes the keeper of a charon; none runs yet. */
export function charonDaemon(
  places: CharonPlaces,
  listener: DaemonListener,
): Daemon {
  const life: Life = {
    places,
    listener,
    running: undefined,
    processes: 0,
    failures: 0,
    notBeforeMs: 0,
    trouble: undefined,
  };
  return {
    reach: (beforeStart) => reach(life, beforeStart),
    trouble: () => life.trouble,
    hasPorts: () => life.processes > 0,
    giveUp: (reason) => {
      listener.log("error", `charon does not serve: ${reason}; it is ended`);
      life.running?.charon.kill();
    },
    stop: () => {
      const mine = life.running;
      life.running = undefined;
      life.trouble = undefined;
      mine?.client?.close();
      mine?.charon.stop();
    },
  };
}

async function reach(
  life: Life,
  beforeStart: () => void,
): Promise<ViciClient | undefined> {
  if (life.running === undefined) {
    if (performance.now() < life.notBeforeMs) return undefined;
    const obstacle = obstacleToStart();
    if (obstacle !== undefined) {
      say(life, obstacle);
      return undefined;
    }
    beforeStart();
    life.running = start(life);
  }
  return life.running.client ?? (await connect(life, life.running));
}

function start(life: Life): Running {
  const { places, listener } = life;
  const mine: Running = {
    charon: startCharon(places, {
      line: listener.line,
      end: (reason) => {
        noteEnd(life, mine, reason);
      },
    }),
    startedMs: performance.now(),
  };
  life.processes += 1;
  listener.log("info", "started charon", { pid: mine.charon.pid });
  return mine;
}

function noteEnd(life: Life, mine: Running, reason: string): void {
  mine.client?.close();
  life.processes -= 1;
  life.listener.news();
  if (life.running !== mine) return; // it was asked to
  life.running = undefined;
  const nowMs = performance.now();
  const isSound = nowMs - mine.startedMs > SOUND_MS;
  life.failures = isSound ? 1 : life.failures + 1;
  const pauseMs = FIRST_PAUSE_MS * 2 ** (life.failures - 1);
  life.notBeforeMs = nowMs + Math.min(LONGEST_PAUSE_MS, pauseMs);
  say(
    life,
    `charon ended (${reason}): tunnels by IKE carry nothing until it runs again`,
  );
}

async function connect(
  life: Life,
  mine: Running,
): Promise<ViciClient | undefined> {
  const isWanted = (): boolean => life.running === mine;
  const client = await patiently(life.places.viciSocket, isWanted);
  if (!isWanted()) {
    client?.close();
    return undefined;
  }
  if (client === undefined) {
    say(
      life,
      `charon opens no vici socket: are the packages ${CHARON_PACKAGES.join(", ")} installed?`,
    );
    mine.charon.kill();
    return undefined;
  }
  mine.client = client;
  say(life, undefined);
  return client;
}

/** Once each. */
function say(life: Life, trouble: string | undefined): void {
  if (trouble !== undefined && trouble !== life.trouble)
    life.listener.log("error", trouble);
  life.trouble = trouble;
}

/** What keeps charon from being started, and what to do about it. */
export function obstacleToStart(): string | undefined {
  if (!isInstalled())
    return `There is no ${CHARON}, which "keying": "ike" needs: install the packages ${CHARON_PACKAGES.join(", ")}`;
  const holder = portHolder();
  if (holder === undefined) return undefined;
  const { port, program, pid } = holder;
  return `${program} (pid ${String(pid ?? "unknown")}) holds UDP port ${String(port)}, which charon needs: stop it, or use "keying": "derived"`;
}

async function patiently(
  path: string,
  isWanted: () => boolean,
): Promise<ViciClient | undefined> {
  for (let tries = 0; tries < SOCKET_TRIES && isWanted(); tries += 1) {
    try {
      return await openVici(path);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, SOCKET_PAUSE_MS));
    }
  }
  return undefined;
}
