import { describe, expect, it } from "vitest";
import { CniError, ErrorCode } from "../../../../cni/error.ts";
import { followPulse } from "../../../../plugin/agent/pulse.ts";
import { unmetered } from "../../../../plugin/agent/telemetry/meter.ts";
import { observe } from "../../../../plugin/agent/telemetry/observer.ts";
import type { LinkedNode } from "../../../../plugin/node/linked.ts";
import { cluster, node } from "../../../support/mesh/mesh.ts";

/** A node of cluster a that has no tunnel with who is far. */
function linked(
  mode: "p2p" | "gateway",
  traits: Parameters<typeof node>[2],
): LinkedNode {
  const self = node("a1", "192.168.0.1", traits);
  const source = cluster("a", { mode, nodes: [self] });
  return { self: { source, node: self }, mesh: { peers: [] } } as never;
}

function site() {
  const { observer, pulse } = followPulse(
    {} as never, // it is not asked for a node without peers
    observe({ log: () => undefined, meter: unmetered, later: () => undefined }),
  );
  const look = (found: LinkedNode | undefined, error?: Error) =>
    observer.reconciling(() => {
      observer.know(found);
      if (error !== undefined) throw error;
    });
  return { pulse, look };
}

const GATEWAY = linked("gateway", { gateway: true });

describe("followPulse()", () => {
  it("has a pulse on a gateway, and on no other node", () => {
    const { pulse, look } = site();
    expect(pulse()).toBeUndefined();
    expect(look(GATEWAY)).toBe(true);
    expect(pulse()).toEqual({ node: "a1", trouble: undefined });
    for (const other of [
      linked("gateway", {}),
      linked("p2p", { gateway: true }),
      undefined,
    ]) {
      look(other);
      expect(pulse()).toBeUndefined();
    }
  });

  it("tells of a look that failed, until one succeeds; it is a gateway still", () => {
    const { pulse, look } = site();
    look(GATEWAY);
    const error = new CniError(ErrorCode.io, "Cannot read the keyring", {
      details: "",
    });
    expect(look(undefined, error)).toBe(false);
    expect(pulse()).toEqual({ node: "a1", trouble: "Cannot read the keyring" });
    look(GATEWAY);
    expect(pulse()).toEqual({ node: "a1", trouble: undefined });
  });
});
