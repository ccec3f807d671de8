import { describe, expect, it } from "vitest";
import { beat, type Pulse } from "../../../../plugin/kubernetes/heartbeat.ts";
import { fakeApi, json } from "../../../support/kubernetes/fake-api.ts";
import { until } from "../../../support/until.ts";

const LEASES =
  "/apis/coordination.k8s.io/v1/namespaces/crosslink-gateways/leases";

/** A node that beats every 20 ms, as long as a test says what with. */
async function beating(first: Pulse | Error | undefined) {
  const api = await fakeApi();
  const lines: string[] = [];
  const now = { pulse: first, asked: 0 };
  const stop = beat({
    access: api.access,
    log: (_, line) => lines.push(line),
    beatMs: 20,
    pulse: () => {
      now.asked++;
      if (now.pulse instanceof Error) throw now.pulse;
      return now.pulse;
    },
  });
  return {
    ...{ api, lines, now },
    [Symbol.asyncDispose]: async () => {
      stop();
      await api[Symbol.asyncDispose]();
    },
  };
}

describe("beat()", () => {
  it("renews the node's Lease, and makes it where there is none", async () => {
    await using s = await beating({ node: "gw-1", trouble: undefined });
    s.api.answers.push(json({}, { status: 404 }), json({}));
    await until(() => s.api.asked.length >= 4);
    expect(
      s.api.asked.slice(0, 3).map(({ method, path }) => [method, path]),
    ).toEqual([
      ["PATCH", `${LEASES}/gw-1`],
      ["POST", LEASES],
      ["PATCH", `${LEASES}/gw-1`],
    ]);
    const [, made, renewed] = s.api.asked;
    expect(made?.body.metadata).toEqual({ name: "gw-1", annotations: {} });
    expect(renewed?.body.metadata.annotations).toEqual({
      "crosslink.io/trouble": null,
    });
    expect(renewed?.body.spec.renewTime).toMatch(/^\d{4}-.*\.\d{6}Z$/);
    expect(s.lines).toEqual([]);
  });

  it("says with it what is wrong", async () => {
    await using s = await beating({ node: "gw-1", trouble: "x".repeat(9_999) });
    s.api.answers.push(json({}));
    await until(() => s.api.asked.length >= 1);
    expect(s.api.asked[0]?.body.metadata.annotations).toEqual({
      "crosslink.io/trouble": "x".repeat(512),
    });
  });

  it("writes nothing on a node that is no gateway", async () => {
    await using s = await beating(undefined);
    await until(() => s.now.asked >= 5);
    expect(s.api.asked).toEqual([]);
  });

  it("says once why it cannot, and goes on", async () => {
    await using s = await beating({ node: "gw-1", trouble: undefined });
    const message = 'cannot patch resource "leases"';
    s.api.answers.push(json({ message }, { status: 403 }));
    await until(() => s.api.asked.length >= 3);
    s.now.pulse = new Error("the kernel says nothing");
    await until(() => s.lines.length === 2);
    expect(s.lines).toEqual([
      expect.stringContaining(message),
      "the kernel says nothing",
    ]);
  });
});
