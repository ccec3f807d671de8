import type { ServerResponse } from "node:http";
import {
  type Answer,
  type Asked,
  type FakeApi,
  fakeApi,
  json,
} from "./fake-api.ts";

type Thing = {
  metadata: { name: string; namespace?: string; resourceVersion?: string };
} & Record<string, unknown>;

/** An API server's collections, which a test changes and whoever watches is told of. */
export interface FakeCollections extends AsyncDisposable {
  readonly api: FakeApi;
  /** Adds or changes an object of a collection, such as `/apis/crosslink.io/v1alpha1/clusters`. */
  readonly put: (path: string, object: Thing) => void;
  readonly remove: (path: string, name: string) => void;
  /** From now on every request is answered so; undefined: as it should be. Streams are cut. */
  readonly answerWith: (answer: Answer | undefined) => void;
  /** Forgets everything, versions too, as one whose store came back from an old backup. Streams are cut. */
  readonly setBack: () => void;
  readonly find: (path: string, name: string) => Thing | undefined;
}

export async function fakeCollections(): Promise<FakeCollections> {
  const api = await fakeApi();
  const collections = new Map<string, Map<string, Thing>>();
  const watchers = new Set<{ path: string; response: ServerResponse }>();
  let version = 1;
  let always: Answer | undefined;
  const of = (path: string) => {
    const found = collections.get(path) ?? new Map<string, Thing>();
    collections.set(path, found);
    return found;
  };
  const tell = (path: string, type: string, object: Thing) => {
    for (const watcher of watchers)
      if (watcher.path === path)
        watcher.response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const put = (path: string, object: Thing) => {
    const { name } = object.metadata;
    const versioned = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++version) },
    };
    const type = of(path).has(name) ? "MODIFIED" : "ADDED";
    of(path).set(name, versioned);
    tell(path, type, versioned);
  };
  const read = (response: ServerResponse, { path, query }: Asked) => {
    if (!query.has("watch")) {
      const metadata = { resourceVersion: String(version) };
      json({ metadata, items: [...of(path).values()] })(
        response,
        undefined as never,
      );
      return;
    }
    response.writeHead(200);
    response.flushHeaders();
    // What was changed between the list and now is told of again: an object twice does no harm.
    for (const object of of(path).values())
      if (
        Number(object.metadata.resourceVersion) >
        Number(query.get("resourceVersion"))
      )
        response.write(`${JSON.stringify({ type: "MODIFIED", object })}\n`);
    const watcher = { path, response };
    watchers.add(watcher);
    response.on("close", () => watchers.delete(watcher));
  };
  api.answers.push((response, asked) => {
    if (always !== undefined) always(response, asked);
    else read(response, asked);
  });
  return {
    api,
    put,
    setBack: () => {
      collections.clear();
      version = 1;
      for (const { response } of watchers) response.destroy();
    },
    find: (path, name) => of(path).get(name),
    remove: (path, name) => {
      const object = of(path).get(name);
      of(path).delete(name);
      if (object === undefined) return;
      const metadata = {
        ...object.metadata,
        resourceVersion: String(++version),
      };
      tell(path, "DELETED", { ...object, metadata });
    },
    answerWith: (answer) => {
      always = answer;
      for (const { response } of watchers) response.destroy();
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
