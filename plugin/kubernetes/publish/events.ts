import { randomBytes } from "node:crypto";
import type { Access } from "../api/access.ts";
import { isStatus } from "../api/error.ts";
import { microTime } from "../api/micro-time.ts";
import { ask } from "../api/request.ts";
import { type ClusterObject, identityOf } from "../kinds.ts";
import { API_VERSION, EVENTS, EVENTS_VERSION } from "../names.ts";

/** What an Event is to say of a Cluster. */
export interface News {
  /** One word, as the API conventions have it. */
  readonly reason: string;
  readonly note: string;
  readonly isTrouble: boolean;
  /** Which peer it is about, where it is not the Cluster itself. */
  readonly about?: string;
}

/** Writes Events; what comes again is counted instead. */
export interface Events {
  /** Rejects with ApiError where the Event cannot be written. */
  readonly write: (cluster: ClusterObject, news: News) => Promise<void>;
  /** Writes the counts that are due. */
  readonly flush: () => Promise<void>;
}

/** The same reason within so long is the same series, as client-go has it for what it has not finished; milliseconds. */
const SERIES_MS = 360_000;

/** A series is written anew at most that often; milliseconds. */
const QUIET_MS = 60_000;

/** A series of Events, of which one object is written. */
interface Series {
  readonly path: string;
  count: number;
  seenAt: number;
  writtenCount: number;
  writtenAt: number;
}

/**
 * Writes Events of events.k8s.io/v1: the one that counts in `series`, and that `kubectl describe` and `kubectl get events` show as those
 * of core/v1, whose objects it shares. Of a Cluster that is no namespace's they are in `default`, where kubectl looks for them.
 *
 * @param instance which publisher writes
 */
export function eventWriter(
  access: Access,
  instance: string,
  clock: () => number = Date.now,
): Events {
  const all = new Map<string, Series>();
  return {
    write: async (cluster, news) => {
      const now = clock();
      const key = [identityOf(cluster), news.reason, news.about ?? ""].join(
        "/",
      );
      const series = all.get(key);
      if (series !== undefined && now - series.seenAt < SERIES_MS) {
        series.count++;
        series.seenAt = now;
        return;
      }
      const body = eventOf(cluster, news, { instance, now });
      await ask(access, { method: "POST", path: EVENTS, body });
      all.set(key, {
        path: `${EVENTS}/${body.metadata.name}`,
        ...{ count: 1, seenAt: now, writtenCount: 1, writtenAt: now },
      });
    },
    flush: async () => {
      const now = clock();
      for (const [key, series] of all) {
        const isPending = series.count > series.writtenCount;
        if (isPending && now - series.writtenAt >= QUIET_MS) {
          if (!(await writeCount(access, series, now))) all.delete(key);
        } else if (!isPending && now - series.seenAt >= SERIES_MS)
          all.delete(key);
      }
    },
  };
}

/** False where the API server has forgotten the Event: it keeps one for an hour. */
async function writeCount(
  access: Access,
  series: Series,
  now: number,
): Promise<boolean> {
  const { path, count, seenAt } = series;
  try {
    await ask(access, {
      method: "PATCH",
      path,
      body: { series: { count, lastObservedTime: microTime(seenAt) } },
    });
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
  series.writtenCount = count;
  series.writtenAt = now;
  return true;
}

function eventOf(
  cluster: ClusterObject,
  { reason, note, isTrouble }: News,
  { instance, now }: { instance: string; now: number },
) {
  const { name, uid } = cluster.metadata;
  // As client-go has it: the object's name, and what no other Event of it has.
  const unique = `${now.toString(16)}${randomBytes(4).toString("hex")}`;
  return {
    apiVersion: EVENTS_VERSION,
    kind: "Event",
    metadata: { name: `${name}.${unique}` },
    eventTime: microTime(now),
    reportingController: "crosslink.io/publisher",
    reportingInstance: instance.slice(0, 128),
    action: "Publish",
    reason,
    type: isTrouble ? "Warning" : "Normal",
    note: clip(note),
    regarding: {
      apiVersion: API_VERSION,
      kind: "Cluster",
      name,
      ...(uid === undefined ? {} : { uid }),
    },
  };
}

/** An Event's note has at most 1,024 bytes; a character that is cut in two is left out. */
function clip(text: string): string {
  const bytes = Buffer.from(text).subarray(0, 1024);
  return bytes.toString("utf8").replace(/\ufffd+$/, "");
}
