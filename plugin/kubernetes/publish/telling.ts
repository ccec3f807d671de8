import type { Log } from "../../kernel/log.ts";
import { ApiError } from "../api/error.ts";
import { type ClusterObject, identityOf } from "../kinds.ts";
import { troublesTold } from "../troubles.ts";
import type { Events, News } from "./events.ts";
import { hear, type Heard } from "./news.ts";
import type { Readiness } from "./status.ts";

/**
 * Tells an admin by Events what has become of a Cluster. Beside its condition, which is the truth: an Event that cannot be written
 * is said in the log, and holds up nothing.
 */
export interface Telling {
  /** Tells what a Cluster is, where that is news. */
  readonly verdict: (
    cluster: ClusterObject,
    verdict: Readiness,
  ) => Promise<void>;
  /** Tells what has happened once. */
  readonly happened: (cluster: ClusterObject, news: News) => Promise<void>;
  /** After each look: writes counts that are due, and forgets all Clusters but these. */
  readonly settle: (clusters: readonly ClusterObject[]) => Promise<void>;
}

/** A condition that is true has no message. */
const ALL_WELL: Readonly<Record<string, string>> = {
  Published: "this cluster's nodes are published",
  Read: "it is read from its own API server",
};

/** Tells through a writer of Events. */
export function telling(
  events: Events,
  log: Log,
  clock: () => number = Date.now,
): Telling {
  const heard = new Map<string, Heard>();
  const { tried, settle } = trying(log);
  return {
    verdict: async (cluster, verdict) => {
      const key = identityOf(cluster);
      const before = heard.get(key);
      const now = clock();
      const { isNews, ...next } = hear(before, cluster, { verdict, now });
      const news = newsOf(verdict);
      const isTold = !isNews || (await tried(events.write(cluster, news)));
      heard.set(key, isTold ? next : { ...next, told: before?.told });
    },
    happened: async (cluster, news) => {
      await tried(events.write(cluster, news));
    },
    settle: async (clusters) => {
      const keys = new Set(clusters.map(identityOf));
      for (const key of heard.keys()) if (!keys.has(key)) heard.delete(key);
      await tried(events.flush());
      settle();
    },
  };
}

function newsOf({ ready, reason, message }: Readiness): News {
  const note = message === "" ? (ALL_WELL[reason] ?? "") : message;
  return { reason, note, isTrouble: !ready };
}

/** Lets writing fail, and says so once a look. */
function trying(log: Log) {
  const say = troublesTold(log, "");
  let trouble: string | undefined;
  return {
    /** Whether it is written. */
    tried: async (writing: Promise<void>): Promise<boolean> => {
      try {
        await writing;
        return true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        trouble = error.message;
        return false;
      }
    },
    settle: (): void => {
      say(new Map(trouble === undefined ? [] : [["", trouble]]));
      trouble = undefined;
    },
  };
}
