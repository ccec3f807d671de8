import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  follow,
  type Followed,
  type Timing,
} from "../../../../../plugin/kubernetes/api/follow.ts";
import {
  type Answer,
  event,
  type FakeApi,
  fakeApi,
  json,
  listOf,
  stream,
} from "../../../../support/kubernetes/fake-api.ts";
import { until } from "../../../../support/until.ts";

const QUICK: Timing = {
  watchMs: 240_000,
  silenceMs: 60_000,
  relistMs: 600_000,
  pauseMs: 1,
  longestPauseMs: 5,
};

/** A collection that is followed at a server which answers so. */
async function following(
  answers: readonly Answer[],
  given: {
    timing?: Partial<Timing>;
    credentials?: () => { token: string };
  } = {},
) {
  const api = await fakeApi(given.credentials);
  api.answers.push(...answers);
  const lines: string[] = [];
  /** What was known whenever a trouble began or ended. */
  const history: string[] = [];
  const followed: Followed = follow({
    access: api.access,
    collection: { path: "/apis/x/things" },
    log: (_level, message) => lines.push(message),
    onChange: () => undefined,
    onTrouble: () => {
      const isWell = followed.trouble() === undefined;
      history.push(`${isWell ? "well" : "trouble"}: ${names(followed).join()}`);
    },
    timing: { ...QUICK, ...given.timing },
  });
  return {
    api,
    followed,
    lines,
    history,
    [Symbol.asyncDispose]: async () => {
      followed.stop();
      await api[Symbol.asyncDispose]();
    },
  };
}

const names = (followed: Followed) => [...(followed.objects()?.keys() ?? [])];

async function untilNames(
  { followed, api }: { followed: Followed; api: FakeApi },
  wanted: readonly string[],
) {
  await until(() => Promise.resolve(names(followed).join() === wanted.join()), {
    limitSeconds: 30,
    pauseMs: 2,
    describe: () =>
      `has ${names(followed).join()}, after ${api.asked.length} requests; trouble: ${String(followed.trouble())}`,
  });
}

/** Which requests were lists and which watches, and from where. */
const kinds = ({ asked }: FakeApi) =>
  asked.map(({ query }) =>
    query.has("watch") ? `watch ${query.get("resourceVersion") ?? ""}` : "list",
  );

describe("follow()", () => {
  it("lists, and then follows what comes, changes and goes", async () => {
    await using run = await following([
      listOf(["a", "b"]),
      stream([event("ADDED", "c", "11"), event("DELETED", "a", "12")]),
    ]);
    await untilNames(run, ["b", "c"]);
    expect(kinds(run.api)).toEqual(["list", "watch 10"]);
    const [, watched] = run.api.asked;
    expect(watched?.query.get("allowWatchBookmarks")).toBe("true");
    const seconds = Number(watched?.query.get("timeoutSeconds"));
    expect(seconds).toBeGreaterThanOrEqual(240);
    expect(seconds).toBeLessThanOrEqual(300);
    expect(run.followed.trouble()).toBeUndefined();
  });

  it("lists page by page", async () => {
    await using run = await following([
      listOf(["a"], { resourceVersion: "10", continue: "next" }),
      listOf(["b"]),
      stream([]),
    ]);
    await untilNames(run, ["a", "b"]);
    expect(run.api.asked[1]?.query.get("continue")).toBe("next");
  });

  it("takes a watch up where it ended, by the last bookmark", async () => {
    await using run = await following([
      listOf(["a"]),
      stream(
        [{ type: "BOOKMARK", object: { metadata: { resourceVersion: "15" } } }],
        { end: true },
      ),
      stream([event("ADDED", "b", "16")]),
    ]);
    await untilNames(run, ["a", "b"]);
    expect(kinds(run.api)).toEqual(["list", "watch 10", "watch 15"]);
  });

  const gone = { code: 410, reason: "Expired", message: "too old" };
  it.each([
    ["an event of 410", stream([{ type: "ERROR", object: gone }])],
    ["an answer of 410", json(gone, { status: 410 })],
  ])("lists again after %s, and keeps quiet", async (_, answer) => {
    await using run = await following([
      listOf(["a"]),
      answer,
      listOf(["b"], { resourceVersion: "20" }),
      stream([]),
    ]);
    await untilNames(run, ["b"]);
    expect(run.lines).toEqual([]);
  });

  it.each<[string, Answer]>([
    ["500", json({ message: "etcd is away" }, { status: 500 })],
    ["403", json({ message: "forbidden" }, { status: 403 })],
    ["a page that is no JSON", json("<html>")],
    ["JSON that is no list", json([1])],
    ["a cut connection", (response) => response.destroy()],
    [
      "a cut answer",
      (response) => {
        response.writeHead(200, { "Content-Length": "100" });
        response.write('{"metadata"', () => response.destroy());
      },
    ],
  ])(
    "keeps what it knows through %s, says it once, and comes back",
    async (_, answer) => {
      await using run = await following([
        listOf(["a"]),
        stream(['{"type": "ADDED", "obj'], { end: true }),
        answer,
        answer,
        answer,
        listOf(["a", "z"]),
        stream([]),
      ]);
      await untilNames(run, ["a", "z"]);
      expect(run.history).toEqual(["trouble: a", "trouble: a", "well: a,z"]);
      expect(run.followed.trouble()).toBeUndefined();
      expect(run.lines).toHaveLength(3);
      expect(run.lines[0]).toContain("ended within an event");
      expect(run.lines[2]).toContain("the API server answers");
    },
  );

  it.each([
    ["half a line", '{"type":"ADDED","object":{"meta'],
    ["no JSON", "<html>\n"],
    ["an event of no kind", '{"type":"EATEN","object":{}}\n'],
    ["an object without a name", '{"type":"ADDED","object":{"metadata":{}}}\n'],
    ["null", "null\n"],
  ])("takes no part of a stream with %s", async (_, text) => {
    await using run = await following([
      listOf(["a"]),
      stream([text], { end: true }),
      listOf(["b"]),
      stream([]),
    ]);
    await untilNames(run, ["b"]);
    expect(kinds(run.api).slice(0, 3)).toEqual(["list", "watch 10", "list"]);
  });

  it("waits as long as it is told to with 429", async () => {
    await using run = await following([
      json({}, { status: 429, headers: { "Retry-After": "3600" } }),
      listOf(["a"]),
      stream([]),
    ]);
    await until(() => Promise.resolve(run.followed.trouble() !== undefined), {
      limitSeconds: 30,
      pauseMs: 1,
      describe: () => "no trouble",
    });
    expect(run.followed.trouble()?.retryAfterMs).toBe(600_000);
    expect(run.api.asked).toHaveLength(1);
  });

  it("cuts a watch that stalls without closing, and lists again", async () => {
    await using run = await following(
      [listOf(["a"]), stream([]), listOf(["b"]), stream([])],
      { timing: { silenceMs: 200 } },
    );
    await untilNames(run, ["b"]);
    expect(run.lines[0]).toContain("there is no answer");
  });

  it("lists again when it is due, though nothing happened", async () => {
    const ended = stream([], { end: true });
    await using run = await following(
      [listOf(["a"]), ended, listOf(["b"]), stream([])],
      // Due at once, even within the same millisecond.
      { timing: { relistMs: -1 } },
    );
    await untilNames(run, ["b"]);
    expect(run.lines).toEqual([]);
  });

  it("shows the token that is there when it asks", async () => {
    let count = 0;
    await using run = await following(
      [json({}, { status: 401 }), listOf(["a"]), stream([])],
      { credentials: () => ({ token: `t${++count}` }) },
    );
    await untilNames(run, ["a"]);
    expect(run.api.asked.slice(0, 2).map(({ token }) => token)).toEqual([
      "t1",
      "t2",
    ]);
    expect(run.lines[0]).toContain("it has expired, or was revoked");
    expect(run.lines.join()).not.toContain("t1");
  });

  it("asks for nothing more once it is stopped", async () => {
    await using run = await following([listOf(["a"]), stream([])]);
    await untilNames(run, ["a"]);
    await until(() => Promise.resolve(run.api.asked.length === 2), {
      limitSeconds: 30,
      pauseMs: 1,
      describe: () => "no watch",
    });
    run.followed.stop();
    run.api.answers.splice(0, Infinity, listOf(["never"]));
    await setTimeout(50); // what would be asked for wrongly is asked for within 2 ms
    expect(names(run.followed)).toEqual(["a"]);
    expect(run.api.asked).toHaveLength(2);
  });
});
