import { describe, expect, it } from "vitest";
import { asCluster } from "../../../../../plugin/kubernetes/kinds.ts";
import { eventWriter } from "../../../../../plugin/kubernetes/publish/events.ts";
import { telling } from "../../../../../plugin/kubernetes/publish/telling.ts";
import { fakeApi, json } from "../../../../support/kubernetes/fake-api.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const READ = { ready: true, reason: "Read", message: "" };
const bad = (reason: string, message = "") => ({
  ready: false,
  reason,
  message,
});
const cluster = (status: object = {}) =>
  asCluster({
    metadata: { name: "b", uid: "u-1" },
    spec: { peer: {} },
    status,
  } as never);

/** Tells an API server, on a clock that a test sets. */
async function site(status = 201) {
  const api = await fakeApi();
  api.answers.push(json({}, { status }));
  const lines: string[] = [];
  const time = { seconds: 0 };
  const clock = () => START + time.seconds * 1000;
  const log = (_: string, line: string) => lines.push(line);
  const tell = telling(eventWriter(api.access, "p_1", clock), log, clock);
  return {
    ...{ api, lines, tell },
    /** A look at so many seconds. */
    at: async (seconds: number, verdict: typeof READ, one = cluster()) => {
      time.seconds = seconds;
      await tell.verdict(one, verdict);
      await tell.settle([one]);
    },
    told: () =>
      api.asked.map(({ method, body }) =>
        method === "POST"
          ? `${body.type} ${body.reason}`
          : `x${body.series.count}`,
      ),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

describe("telling()", () => {
  it("tells by an Event of the Cluster that its condition has another reason, once", async () => {
    await using s = await site();
    for (const seconds of [0, 30, 60])
      await s.at(seconds, bad("RefusedNetworks", "it claims 10.9.0.0/16"));
    await s.at(90, READ);
    expect(s.told()).toEqual(["Warning RefusedNetworks", "Normal Read"]);
    const [first] = s.api.asked;
    expect(first?.path).toBe(
      "/apis/events.k8s.io/v1/namespaces/default/events",
    );
    expect(first?.body).toMatchObject({
      eventTime: "2026-01-01T00:00:00.000000Z",
      note: "it claims 10.9.0.0/16",
      reportingInstance: "p_1",
      regarding: { kind: "Cluster", name: "b", uid: "u-1" },
    });
  });

  it("counts what comes and goes, and writes the count at most once a minute", async () => {
    await using s = await site();
    for (let second = 0; second < 300; second += 2) {
      await s.at(second, READ);
      await s.at(second + 1, bad("NoToken"));
    }
    const told = s.told();
    expect(told.slice(0, 2)).toEqual(["Normal Read", "Warning NoToken"]);
    expect(told.filter((one) => !one.startsWith("x"))).toHaveLength(2);
    expect(told.length).toBeLessThanOrEqual(2 + 2 * 5);
    // The last of it is written though nothing comes any more.
    await s.at(400, bad("NoToken"));
    expect(s.told().slice(-2)).toEqual(["x150", "x150"]);
    const asked = s.api.asked.length;
    for (const second of [430, 460, 2000]) await s.at(second, bad("NoToken"));
    expect(s.api.asked).toHaveLength(asked);
  });

  it.each([
    ["Unreachable", 240, 310],
    ["TokenRefused", 20, 60],
    ["Incomplete", 40, 70],
  ])(
    "waits until %s has lasted, and says nothing of a moment of it",
    async (reason, early, late) => {
      await using s = await site();
      await s.at(0, READ);
      await s.at(10, bad(reason));
      await s.at(early, bad(reason));
      await s.at(early + 1, READ);
      expect(s.told()).toEqual(["Normal Read"]);
      await s.at(1000, bad(reason));
      await s.at(1000 + late, bad(reason));
      expect(s.told()).toEqual(["Normal Read", `Warning ${reason}`]);
    },
  );

  it("does not repeat what the publisher before it has told", async () => {
    await using s = await site();
    const lastTransitionTime = new Date(START - 3_600_000).toISOString();
    const said = (reason: string) =>
      cluster({
        conditions: [{ type: "Ready", reason, lastTransitionTime }],
      });
    await s.at(0, bad("Unreachable"), said("Unreachable"));
    await s.at(30, READ, said("Unreachable"));
    expect(s.told()).toEqual(["Normal Read"]);
  });

  it("says in the log, once, that it may not, holds nothing up, and tries again", async () => {
    await using s = await site(403);
    for (const seconds of [0, 30, 60]) await s.at(seconds, bad("NoToken"));
    expect(s.lines).toEqual([expect.stringMatching(/^Cannot POST .* 403/)]);
    s.api.answers.splice(0, 1, json({}, { status: 201 }));
    await s.at(90, bad("NoToken"));
    await s.at(120, bad("NoToken"));
    expect(s.told()).toHaveLength(4);
  });

  it("begins another Event where the API server has forgotten the one that it counted", async () => {
    await using s = await site();
    await s.at(0, bad("NoToken"));
    await s.at(10, READ);
    s.api.answers.splice(0, 1, json({}, { status: 404 }));
    await s.at(70, bad("NoToken"));
    s.api.answers.splice(0, 1, json({}, { status: 201 }));
    await s.at(80, READ);
    await s.at(90, bad("NoToken"));
    expect(s.told()).toEqual([
      ...["Warning NoToken", "Normal Read", "x2", "x2"],
      "Warning NoToken",
    ]);
    expect(s.lines).toEqual([]);
  });

  it("keeps a note to what an Event holds, in whole characters", async () => {
    await using s = await site();
    await s.at(0, bad("Refused", `${"x".repeat(1023)}ü${"y".repeat(900)}`));
    expect(s.api.asked[0]?.body.note).toBe("x".repeat(1023));
  });

  it("takes a Cluster that was made again for another", async () => {
    await using s = await site();
    await s.at(0, READ);
    const again = asCluster({ metadata: { name: "b", uid: "u-2" } });
    await s.at(10, READ, again);
    expect(s.told()).toEqual(["Normal Read", "Normal Read"]);
  });
});
