import { describe, expect, it } from "vitest";
import { applyOperations } from "../../../../plugin/reconcile/apply.ts";
import type { KernelOperation } from "../../../../plugin/reconcile/operation.ts";
import type { Session } from "../../../../plugin/kernel/session.ts";

/** A session that notes what is asked of it. */
function noting(): { readonly session: Session; readonly asked: string[] } {
  const asked: string[] = [];
  const note = (client: string) =>
    new Proxy(
      {},
      {
        get:
          (_, method) =>
          (argument: unknown): unknown[] => {
            const count = Array.isArray(argument) ? argument.length : 1;
            asked.push(`${client}.${String(method)} ${String(count)}`);
            return [];
          },
      },
    );
  const session = { kernel: {}, route: note("route"), xfrm: note("xfrm") };
  return { session: session as unknown as Session, asked };
}

const step = (
  object: string,
  verb: string,
  more: object = {},
): KernelOperation =>
  ({ object, verb, [object]: {}, ...more }) as unknown as KernelOperation;

describe("applyOperations()", () => {
  it("takes what is alike in one conversation, in the plan's order", () => {
    const { session, asked } = noting();
    applyOperations(session, [
      step("policy", "add"),
      step("policy", "add"),
      step("policy", "delete"),
      step("association", "replace"),
      step("route", "add"),
      step("route", "add"),
    ]);
    expect(asked).toEqual([
      "xfrm.addPolicies 2",
      "xfrm.deletePolicies 1",
      "xfrm.deleteAssociations 1",
      "xfrm.addAssociations 1",
      "route.addRoute 1",
      "route.addRoute 1",
    ]);
  });

  it("takes some thousands at once, however many there are", () => {
    const { session, asked } = noting();
    const steps = Array.from({ length: 5000 }, () => step("policy", "add"));
    applyOperations(session, steps);
    expect(asked).toEqual([
      "xfrm.addPolicies 2048",
      "xfrm.addPolicies 2048",
      "xfrm.addPolicies 904",
    ]);
  });

  it("refuses a step that it does not know, by name", () => {
    const { session, asked } = noting();
    expect(() => {
      applyOperations(session, [step("bridge", "add"), step("route", "add")]);
    }).toThrow(/bridge/);
    expect(asked).toEqual([]);
  });
});
