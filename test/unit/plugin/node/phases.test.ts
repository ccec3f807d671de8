import { describe, expect, it } from "vitest";
import { bringingUp, takingDown } from "../../../../plugin/node/phases.ts";
import type { KernelOperation } from "../../../../plugin/reconcile/operation.ts";

function policy(direction: string, action: "allow" | "block"): KernelOperation {
  const policy = { direction, action, templates: [] };
  return { object: "policy", verb: "add", policy } as never;
}

const steps = {
  sysctl: { object: "sysctl", verb: "set", path: "a", value: "1" } as const,
  route: { object: "route", verb: "add", route: {} } as never,
  out: policy("out", "allow"),
  in: policy("in", "allow"),
  fwd: policy("fwd", "allow"),
  sa: { object: "association", verb: "add", association: {} } as never,
  block: policy("out", "block"),
} satisfies Record<string, KernelOperation>;

/** What a tunnel consists of. */
function ofTunnel(reqid: number) {
  const tunnel = (direction: string): KernelOperation => {
    const policy = { direction, action: "allow", templates: [{ reqid }] };
    return { object: "policy", verb: "add", policy } as never;
  };
  const sa = { object: "association", verb: "add", association: { reqid } };
  return { in: tunnel("in"), out: tunnel("out"), sa: sa as never };
}

const all: readonly KernelOperation[] = Object.values(steps);

function names(sorted: readonly KernelOperation[]): (string | undefined)[] {
  return sorted.map(
    (step) => Object.entries(steps).find(([, other]) => other === step)?.[0],
  );
}

describe("the phases of a node's plan", () => {
  it.each([
    ["in one order", all],
    ["in the other", all.toReversed()],
  ])("block first on the way up, and last on the way down: %s", (_, given) => {
    const up = names([...bringingUp([given])]);
    expect(up[0]).toBe("block");
    expect(up.indexOf("sa")).toBeLessThan(up.indexOf("in"));
    expect(up.indexOf("in")).toBeLessThan(up.indexOf("out"));
    expect(up.indexOf("fwd")).toBeLessThan(up.indexOf("out"));
    expect(up.indexOf("out")).toBeLessThan(up.indexOf("route"));

    const down = names(takingDown(given)).filter((name) => name !== "sysctl");
    expect(down.at(-1)).toBe("block");
    for (const name of ["in", "fwd", "out"])
      expect(down.indexOf(name)).toBeLessThan(down.indexOf("sa"));
    expect(down.indexOf("sa")).toBeLessThan(down.indexOf("route"));
  });

  it("leave steps of one phase as they are", () => {
    const first = policy("in", "allow");
    const second = policy("fwd", "allow");
    expect([...bringingUp([[first, second]])]).toEqual([first, second]);
    expect([...bringingUp([[second], [first]])]).toEqual([second, first]);
  });

  it("bring all of a tunnel within the node's cluster up behind the fence, and before any other", () => {
    const near = ofTunnel(7);
    const far = ofTunnel(9);
    const mixed = [far.out, near.out, far.in, near.in];
    const given = [mixed, [far.sa, near.sa, steps.block], [steps.route]];
    const up = [...bringingUp(given, new Set([7]))];
    expect(up).toEqual([
      ...[steps.block, near.sa, near.in, near.out],
      ...[far.sa, far.in, far.out, steps.route],
    ]);
  });
});
