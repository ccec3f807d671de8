import { describe, expect, it, vi } from "vitest";
import type { Followed } from "../../../../../plugin/kubernetes/api/follow.ts";
import { goneHeartbeats } from "../../../../../plugin/kubernetes/publish/gone-heartbeats.ts";
import { watchGateways } from "../../../../../plugin/kubernetes/publish/watch-gateways.ts";

function followed(objects: object[] | undefined): Followed {
  const named = objects?.map((object) => {
    const { metadata } = object as { metadata: { name: string } };
    return [metadata.name, object] as const;
  });
  return {
    objects: () => (named === undefined ? undefined : new Map(named)) as never,
    lastGood: () => undefined,
    trouble: () => undefined,
    setBacks: () => 0,
    stop: () => undefined,
  };
}

const lease = (name: string, holder = name) => ({
  metadata: { name },
  spec: { holderIdentity: holder },
});
const node = (name: string) => ({ metadata: { name } });

function gone(
  leases: object[] | undefined,
  nodes: object[] | undefined,
): string[] {
  return goneHeartbeats({
    heartbeats: followed(leases),
    nodes: followed(nodes),
  });
}

describe("goneHeartbeats()", () => {
  it("are those of Nodes that are no more", () => {
    const leases = [lease("gw-1"), lease("gw-2")];
    expect(gone(leases, [node("gw-2"), node("other")])).toEqual(["gw-1"]);
    expect(gone(leases, [node("gw-1"), node("gw-2")])).toEqual([]);
    expect(gone(leases, [])).toEqual(["gw-1", "gw-2"]);
  });

  it("are none while Nodes or Leases are not known", () => {
    expect(gone([lease("gw-1")], undefined)).toEqual([]);
    expect(gone(undefined, [])).toEqual([]);
  });

  it("are no Leases that an agent did not make", () => {
    expect(gone([lease("elected", "somebody")], [])).toEqual([]);
    expect(gone([{ metadata: { name: "bare" } }], [])).toEqual([]);
  });
});

it("heartbeats that are left bring one look each, also where they are listed last", () => {
  vi.useFakeTimers();
  let looks = 0;
  const lists: Record<string, object[] | undefined> = { nodes: [node("gw-2")] };
  const sources = new Proxy({} as Parameters<typeof watchGateways>[0], {
    get: (_, name: string) => followed(lists[name]),
  });
  const { stop } = watchGateways(sources, () => (looks += 1));
  vi.advanceTimersByTime(5_000);
  expect(looks).toBe(0);
  lists["heartbeats"] = [lease("gw-1"), lease("gw-2")];
  vi.advanceTimersByTime(5_000);
  expect(looks).toBe(1);
  lists["nodes"] = [];
  vi.advanceTimersByTime(5_000);
  expect(looks).toBe(2);
  stop();
  vi.useRealTimers();
});
