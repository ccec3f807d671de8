import { describe, expect, it } from "vitest";
import type { ApiObject } from "../../../../../plugin/kubernetes/api/object.ts";
import { asCluster, asSlice } from "../../../../../plugin/kubernetes/kinds.ts";
import { chooseGateway } from "../../../../../plugin/kubernetes/publish/choose-gateway.ts";
import {
  activeIn,
  gateways,
} from "../../../../../plugin/kubernetes/publish/gateways.ts";

/** Node objects; the two named gw-… are gateways. */
const nodes = (
  traits: Readonly<
    Record<string, { ready?: string; cordoned?: boolean; gateway?: boolean }>
  > = {},
): ApiObject[] =>
  ["gw-1", "gw-2", "leaf"].map((name) => {
    const { ready = "True", cordoned, gateway } = traits[name] ?? {};
    const is = gateway ?? name !== "leaf";
    return {
      metadata: {
        name,
        annotations: is ? { "crosslink.io/gateway": "true" } : {},
      },
      spec: cordoned === true ? { unschedulable: true } : {},
      status: { conditions: [{ type: "Ready", status: ready }] },
    } as ApiObject;
  });

/** Gateways that beat on a clock that a test sets; each renews with a clock of its own, which is wrong. */
function site() {
  const time = { seconds: 1_000 };
  const seen = gateways(() => time.seconds * 1000);
  const leases = new Map<string, ApiObject>();
  const hear = () => {
    seen.hear([...leases.values()]);
  };
  return {
    seen,
    hear,
    beat: (name: string, trouble?: string) => {
      const skew = name === "gw-1" ? -7_200 : 86_400;
      leases.set(name, {
        metadata: {
          name,
          annotations:
            trouble === undefined ? {} : { "crosslink.io/trouble": trouble },
        },
        spec: { renewTime: String(time.seconds + skew) },
      } as ApiObject);
      hear();
    },
    /** These beat every two seconds for so long. */
    pass(seconds: number, ...names: string[]) {
      for (let at = 0; at < seconds; at += 1) {
        time.seconds += 1;
        for (const name of at % 2 === 0 ? names : []) this.beat(name);
        hear();
      }
    },
    /** Who is in use then, where `active` was. */
    elect: (active?: string, objects = nodes()) => {
      const election = seen.elect(objects, active);
      if (election?.cause !== undefined) seen.moved();
      return [election?.active.name, election?.cause ?? election?.active.why];
    },
  };
}

describe("gateways()", () => {
  it("leaves one whose agent is silent for 10 s, and does not return to it", () => {
    const s = site();
    s.pass(60, "gw-1", "gw-2");
    expect(s.elect("gw-1")).toEqual(["gw-1", ""]);
    s.pass(8, "gw-2");
    expect(s.elect("gw-1")).toEqual(["gw-1", ""]);
    s.pass(4, "gw-2");
    expect(s.elect("gw-1")).toEqual([
      "gw-2",
      "gw-1 was, and its agent has not been heard for 10 s",
    ]);
    s.pass(300, "gw-1", "gw-2");
    expect(s.elect("gw-2")).toEqual(["gw-2", ""]);
  });

  it.each<[string, Parameters<typeof nodes>[0], string?]>([
    ["its Node is not Ready", { "gw-1": { ready: "False" } }],
    ["its Node is not Ready", { "gw-1": { ready: "Unknown" } }],
    ["its Node is cordoned", { "gw-1": { cordoned: true } }],
    ["it hears nobody", {}, "it hears nobody"],
  ])("leaves one where %s", (why, traits, trouble) => {
    const s = site();
    s.pass(60, "gw-1", "gw-2");
    s.beat("gw-1", trouble);
    expect(s.elect("gw-1", nodes(traits))).toEqual([
      "gw-2",
      `gw-1 was, and ${why}`,
    ]);
    // Back again, it waits.
    s.pass(60, "gw-1", "gw-2");
    expect(s.elect("gw-2")).toEqual(["gw-2", ""]);
  });

  it("stays where all are silent, and says so", () => {
    const s = site();
    s.pass(60, "gw-1", "gw-2");
    s.pass(60);
    expect(s.elect("gw-2")).toEqual([
      "gw-2",
      "its agent has not been heard for 10 s",
    ]);
  });

  it("holds nobody's silence against him while the API server is not heard, nor for 10 s after", () => {
    const s = site();
    s.pass(60, "gw-1", "gw-2");
    for (let at = 0; at < 100; at++) {
      s.pass(1);
      s.seen.hear(undefined);
      expect(s.elect("gw-1")[0]).toBe("gw-1");
    }
    s.pass(6, "gw-2");
    expect(s.elect("gw-1")).toEqual(["gw-1", ""]);
    s.pass(6, "gw-2");
    expect(s.elect("gw-1")[0]).toBe("gw-2");
  });

  it("does not take the phase of heartbeats for silence where a watch stalls", () => {
    const s = site();
    s.pass(60, "gw-1", "gw-2");
    s.pass(2, "gw-2");
    for (let at = 0; at < 30; at++) {
      s.pass(1);
      expect(s.elect("gw-1")[0]).toBe("gw-1");
    }
  });

  it("keeps to what the slices say after a publisher's start, and gives each 10 s to be heard", () => {
    const s = site();
    s.hear();
    expect(s.elect("gw-2")).toEqual(["gw-2", ""]);
    s.pass(12, "gw-2");
    expect(s.elect("gw-2")).toEqual(["gw-2", ""]);
    const other = site();
    other.hear();
    other.pass(12, "gw-1");
    expect(other.elect("gw-2")[0]).toBe("gw-1");
  });

  it("chooses among the declared ones alone", () => {
    const s = site();
    s.pass(60, "gw-1", "gw-2", "leaf");
    const one = nodes({ "gw-1": { gateway: false } });
    expect(s.elect("gw-1", one)).toEqual([
      "gw-2",
      "gw-1 was, and is no gateway any more",
    ]);
    expect(s.seen.elect([], "gw-1")).toBeUndefined();
  });
});

describe("chooseGateway()", () => {
  const own = (spec: object, conditions: readonly object[] = []) =>
    asCluster({
      metadata: { name: "a" },
      spec,
      status: { conditions },
    } as never);
  const entries = ["gw-1", "gw-2", "leaf"].map((name) => ({
    name,
    ...(name === "leaf" ? {} : { gateway: true }),
  }));
  const slice = (active?: string) =>
    asSlice({
      metadata: { name: "a-0" },
      spec: {
        cluster: "a",
        nodes: entries.map((node) =>
          node.name === active ? { ...node, active: true } : node,
        ),
      },
    } as never);
  const choose = (
    s: ReturnType<typeof site>,
    {
      spec = { mode: "gateway" },
      active,
      before = [],
      objects = nodes(),
    }: {
      spec?: object;
      active?: string;
      before?: readonly object[];
      objects?: ApiObject[];
    } = {},
  ) =>
    chooseGateway(s.seen, own(spec, before), {
      objects,
      nodes: entries,
      have: [slice(active)],
    });

  it("writes one active gateway, and tells of it", () => {
    const s = site();
    s.hear();
    const { nodes: written, verdict, news } = choose(s);
    expect(written).toEqual(slice("gw-1").spec.nodes);
    expect(verdict).toEqual({
      ready: true,
      reason: "InUse",
      message: "gw-1 is in use; none was",
    });
    expect(news).toMatchObject({ reason: "GatewayInUse", isTrouble: false });
    // Nothing is news the next time, and what was said stays.
    const condition = { type: "Gateway", ...verdict };
    const again = choose(s, { active: "gw-1", before: [condition] });
    expect(again.verdict).toEqual(verdict);
    expect(again.news).toBeUndefined();
    expect(activeIn([slice("gw-1")])).toBe("gw-1");
  });

  it("moves at once from its first choice, and then holds itself back", () => {
    const s = site();
    s.hear();
    const one = (name: string) => nodes({ [name]: { ready: "False" } });
    choose(s).settle();
    const moved = choose(s, { active: "gw-1", objects: one("gw-1") });
    expect(activeIn([{ spec: { nodes: moved.nodes } } as never])).toBe("gw-2");
    moved.settle();
    const back = choose(s, { active: "gw-2", objects: one("gw-2") });
    expect(activeIn([{ spec: { nodes: back.nodes } } as never])).toBe("gw-2");
  });

  it("says once that none is better than one that is bad", () => {
    const s = site();
    const objects = nodes({
      "gw-1": { ready: "False" },
      "gw-2": { ready: "False" },
    });
    const bad = choose(s, { active: "gw-2", objects });
    expect(bad.nodes).toEqual(slice("gw-2").spec.nodes);
    expect(bad.verdict).toEqual({
      ready: false,
      reason: "NoneBetter",
      message:
        "gw-2 stays in use, though its Node is not Ready: no other gateway is better",
    });
    expect(bad.news).toMatchObject({ reason: "NoneBetter", isTrouble: true });
    const before = [{ type: "Gateway", ...bad.verdict }];
    expect(choose(s, { active: "gw-2", objects, before }).news).toBeUndefined();
  });

  it("says that there is no gateway, and how one is made", () => {
    const { nodes: written, verdict } = choose(site(), { objects: [] });
    expect(written).toEqual(entries);
    expect(verdict).toMatchObject({ ready: false, reason: "NoGateway" });
  });

  it("leaves a cluster of another mode as it is", () => {
    const p2p = choose(site(), { spec: {}, active: "gw-1" });
    expect(p2p.nodes).toEqual(entries);
    expect([p2p.verdict, p2p.news]).toEqual([undefined, undefined]);
  });
});
