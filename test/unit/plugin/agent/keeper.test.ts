import { describe, expect, it } from "vitest";
import { parseNetwork } from "../../../../conf/network.ts";
import { keeper, type NodeFiles } from "../../../../plugin/agent/keeper.ts";
import { silent } from "../../../../plugin/kernel/log.ts";
import type { LinkedNode } from "../../../../plugin/node/linked.ts";
import type { Session } from "../../../../plugin/kernel/session.ts";

const session = {} as Session;
const config = parseNetwork({ type: "crosslink" });

/** A keeper whose refreshes are counted, and whose queue a test fills. */
function counted(onRefresh: () => void = () => undefined): {
  ensure: (settings?: typeof config) => LinkedNode | undefined;
  known: (files?: NodeFiles) => LinkedNode | undefined;
  invalidate: () => void;
  queueHarm: () => void;
  refreshes: () => number;
} {
  let refreshes = 0;
  let harm = false;
  const memory = keeper(
    () => {
      refreshes += 1;
      onRefresh();
      return { number: refreshes } as unknown as LinkedNode;
    },
    () => {
      if (harm) memory.invalidate();
      harm = false;
    },
  );
  return {
    ensure: (settings = config) => memory.ensure(session, settings, silent),
    known: (files = config) => memory.known(files),
    invalidate: memory.invalidate,
    queueHarm: () => {
      harm = true;
    },
    refreshes: () => refreshes,
  };
}

describe("known()", () => {
  const other = { clustersDir: "/other" };

  it("tells of the node by the files that it was read from, and by no others", () => {
    const { ensure, known } = counted();
    expect(known()).toBeUndefined();
    const node = ensure();
    expect(known()).toBe(node);
    expect(known(other)).toBeUndefined();
    expect(known({ ...config, node: "another" })).toBeUndefined();
  });

  it("tells nothing when what is queued tells of harm", () => {
    const { ensure, known, queueHarm } = counted();
    ensure();
    queueHarm();
    expect(known()).toBeUndefined();
  });
});

describe("keeper()", () => {
  it("looks once while nothing happens", () => {
    const { ensure, refreshes } = counted();
    const first = ensure();
    expect(ensure()).toBe(first);
    expect(refreshes()).toBe(1);
  });

  it("looks again when what is queued tells of harm", () => {
    const { ensure, queueHarm, refreshes } = counted();
    ensure();
    queueHarm();
    ensure();
    ensure();
    expect(refreshes()).toBe(2);
  });

  it("looks again when harm came while it looked", () => {
    const made = counted(() => {
      if (made.refreshes() === 1) made.queueHarm();
    });
    made.ensure();
    made.ensure();
    made.ensure();
    expect(made.refreshes()).toBe(2);
  });

  it("shares nothing between networks of different settings", () => {
    const { ensure, refreshes } = counted();
    const others = [
      { snat: "off" },
      { node: "b" },
      { keyring: "/k" },
      { clustersDir: "/c" },
    ];
    for (const other of others)
      ensure(parseNetwork({ type: "crosslink", ...other }));
    expect(refreshes()).toBe(4);
    ensure(
      parseNetwork({ type: "crosslink", clustersDir: "/c", name: "pods" }),
    );
    expect(refreshes()).toBe(4);
  });

  it("knows nothing after a look that failed", () => {
    let works = false;
    const { ensure, refreshes } = counted(() => {
      if (!works) throw new Error("bad file");
    });
    expect(() => ensure()).toThrow("bad file");
    expect(() => ensure()).toThrow("bad file");
    works = true;
    ensure();
    ensure();
    expect(refreshes()).toBe(3);
  });

  it("forgets what it knew before a look that failed", () => {
    let works = true;
    const { ensure, invalidate } = counted(() => {
      if (!works) throw new Error("bad file");
    });
    ensure();
    works = false;
    invalidate();
    expect(() => ensure()).toThrow("bad file");
    expect(() => ensure()).toThrow("bad file");
  });
});
