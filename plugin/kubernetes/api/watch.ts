import type { IncomingMessage } from "node:http";
import { isObject } from "../../../cni/configuration.ts";
import { jsonOrNothing } from "../../../files/json.ts";
import type { Access } from "./access.ts";
import { ApiError, connectionError, refusal } from "./error.ts";
import type { Collection } from "./list.ts";
import { type ApiObject, asObject } from "./object.ts";
import { begin } from "./request.ts";

/** What happened to an object. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: ApiObject;
}

/** How a watch is kept. */
export interface Watching {
  readonly resourceVersion: string;
  /** When the API server is to end it, in seconds. */
  readonly timeoutSeconds: number;
  /** How long it may say nothing; there is a bookmark every minute. In milliseconds. */
  readonly silenceMs: number;
  readonly onEvent: (event: WatchEvent) => void;
  /** Called once with what cuts it off. */
  readonly onBegin: (abort: () => void) => void;
}

/** Longer than any object: etcd takes 1.5 MiB. */
const LONGEST_LINE = 8 * 1024 * 1024;

/**
 * Watches a collection until the API server ends it in good order.
 *
 * Rejects with ApiError: 410 where the version is no longer held, 0 where the stream is cut, silent or no JSON.
 */
export async function watch(
  access: Access,
  { path, ...selectors }: Collection,
  watching: Watching,
): Promise<void> {
  const { response, abort } = await begin(access, {
    path,
    query: {
      ...selectors,
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: watching.resourceVersion,
      timeoutSeconds: String(watching.timeoutSeconds),
    },
    patienceMs: watching.silenceMs,
  });
  watching.onBegin(abort);
  try {
    for await (const line of linesOf(response, path))
      watching.onEvent(parseEvent(line, path));
  } catch (error) {
    throw error instanceof ApiError
      ? error
      : connectionError(`watch ${path}`, error);
  } finally {
    abort();
  }
}

/** Whole lines only: what a cut connection leaves half is no event. */
async function* linesOf(
  response: IncomingMessage,
  path: string,
): AsyncGenerator<string> {
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE)
      throw new ApiError(`Cannot watch ${path}: an event is too long`);
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "")
    throw new ApiError(
      `Cannot watch ${path}: the stream ended within an event`,
    );
}

const TYPES = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"] as const;

function parseEvent(line: string, path: string): WatchEvent {
  const event = jsonOrNothing(line);
  const said = isObject(event) ? event["object"] : undefined;
  const kind = isObject(event) ? event["type"] : undefined;
  if (kind === "ERROR") {
    const code = isObject(said) ? Number(said["code"]) : 0;
    throw refusal(`watch ${path}`, code, { text: JSON.stringify(said ?? {}) });
  }
  const type = TYPES.find((known) => known === kind);
  const object = type === "BOOKMARK" ? asBookmark(said) : asObject(said);
  if (type === undefined || object === undefined)
    throw new ApiError(`Cannot watch ${path}: something came that is no event`);
  return { type, object };
}

/** It has a version, and no name. */
function asBookmark(value: unknown): ApiObject | undefined {
  if (!isObject(value) || !isObject(value["metadata"])) return undefined;
  return { metadata: { name: "", ...value["metadata"] } };
}
