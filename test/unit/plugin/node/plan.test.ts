import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Key } from "../../../../native/xfrm/key.ts";
import type { SecurityAssociation } from "../../../../native/xfrm/sa.ts";
import type { SecurityPolicy } from "../../../../native/xfrm/sp.ts";
import type { Route } from "../../../../native/route/route.ts";
import { planNode } from "../../../../plugin/node/plan.ts";
import { type DesiredState, NOTHING } from "../../../../plugin/node/state.ts";
import {
  applyToModel,
  emptyModel,
  observe,
} from "../../../support/kernel-model.ts";

const OWN = Uint8Array.of(172, 17, 0, 2);
const PEER = Uint8Array.of(203, 0, 113, 2);

function pods(cluster: number): { address: Uint8Array; length: number } {
  return { address: Uint8Array.of(10, cluster, 0, 0), length: 24 };
}

function protect(
  direction: "in" | "out" | "fwd",
  remote: number,
): SecurityPolicy {
  const [source, destination] = direction === "out" ? [0, remote] : [remote, 0];
  const ends = direction === "out" ? [OWN, PEER] : [PEER, OWN];
  return {
    selector: { source: pods(source), destination: pods(destination) },
    direction,
    action: "allow",
    priority: 17200,
    templates: [
      {
        source: ends[0] ?? OWN,
        destination: ends[1] ?? OWN,
        reqid: 0x434c0000 + remote,
        mode: "tunnel",
      },
    ],
  };
}

function block(remote: number): SecurityPolicy {
  const any = { address: new Uint8Array(4), length: 0 };
  return {
    selector: { source: any, destination: pods(remote) },
    direction: "out",
    action: "block",
    priority: 17299,
    templates: [],
  };
}

function association(remote: number, keyByte = 1): SecurityAssociation {
  return {
    source: OWN,
    destination: PEER,
    spi: 0x1000 + remote,
    reqid: 0x434c0000 + remote,
    mode: "tunnel",
    replayWindow: 0,
    aead: {
      algorithm: "rfc4106(gcm(aes))",
      key: new Key(new Uint8Array(36).fill(keyByte)),
      icvBits: 128,
    },
  };
}

function routeTo(remote: number): Route {
  return {
    destination: pods(remote),
    table: 254,
    protocol: 88,
    scope: 0,
    type: 1,
    gateway: Uint8Array.of(172, 17, 0, 1),
    outputInterface: 2,
  };
}

function linkedTo(remotes: readonly number[]): DesiredState {
  return {
    associations: remotes.map((remote) => association(remote)),
    ikeReqids: new Set<number>(),
    nearReqids: new Set<number>(),
    policies: remotes.flatMap((remote) => [
      block(remote),
      protect("out", remote),
      protect("in", remote),
      protect("fwd", remote),
    ]),
    routes: remotes.map(routeTo),
    sysctls: new Map(remotes.length > 0 ? [["net/ipv4/ip_forward", "1"]] : []),
  };
}

const remotes = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), {
  maxLength: 6,
});

describe("planNode()", () => {
  it("has nothing to do once its steps are taken", () => {
    fc.assert(
      fc.property(remotes, remotes, (before, after) => {
        const model = emptyModel();
        applyToModel(model, planNode(linkedTo(before), observe(model)));
        applyToModel(model, planNode(linkedTo(after), observe(model)));
        const again = planNode(linkedTo(after), observe(model));
        expect([...again.protect, ...again.retire, ...again.conflicts]).toEqual(
          [],
        );
      }),
    );
  });

  it("converges from wherever a crash left it", () => {
    fc.assert(
      fc.property(remotes, remotes, fc.nat(60), (before, after, crash) => {
        const model = emptyModel();
        applyToModel(model, planNode(linkedTo(before), observe(model)));
        applyToModel(model, planNode(linkedTo(after), observe(model)), crash);
        applyToModel(model, planNode(linkedTo(after), observe(model)));
        const straight = emptyModel();
        applyToModel(straight, planNode(linkedTo(after), observe(straight)));
        expect([...model.policies.keys()].sort()).toEqual(
          [...straight.policies.keys()].sort(),
        );
        expect([...model.associations.keys()].sort()).toEqual(
          [...straight.associations.keys()].sort(),
        );
        expect([...model.routes.keys()].sort()).toEqual(
          [...straight.routes.keys()].sort(),
        );
      }),
    );
  });

  it("never lets a policy protect a CIDR that no block policy guards", () => {
    fc.assert(
      fc.property(remotes, remotes, (before, after) => {
        const model = emptyModel();
        const guarded = (): void => {
          const blocked = new Set(
            [...model.policies.values()]
              .filter(({ action }) => action === "block")
              .map(({ selector }) => String(selector.destination.address)),
          );
          for (const policy of model.policies.values()) {
            if (policy.action !== "allow" || policy.direction !== "out")
              continue;
            expect(blocked).toContain(
              String(policy.selector.destination.address),
            );
          }
        };
        applyToModel(
          model,
          planNode(linkedTo(before), observe(model)),
          Infinity,
          guarded,
        );
        applyToModel(
          model,
          planNode(linkedTo(after), observe(model)),
          Infinity,
          guarded,
        );
        applyToModel(
          model,
          planNode(NOTHING, observe(model)),
          Infinity,
          guarded,
        );
        expect(
          model.policies.size + model.associations.size + model.routes.size,
        ).toBe(0);
      }),
    );
  });

  it("leaves a foreign policy with the same template alone", () => {
    const model = emptyModel();
    applyToModel(model, planNode(linkedTo([1]), observe(model)));
    for (const [identity, policy] of model.policies) {
      if (policy.action === "allow")
        model.policies.set(identity, { ...policy, priority: 0 });
    }
    const plan = planNode(linkedTo([1]), observe(model));
    expect([...plan.protect, ...plan.retire, ...plan.conflicts]).toEqual([]);
    const teardown = planNode(NOTHING, observe(model));
    expect(
      teardown.retire.filter(({ object }) => object === "policy"),
    ).toHaveLength(1);
  });

  it("reports a foreign policy with another template and does not touch it", () => {
    const model = emptyModel();
    applyToModel(model, planNode(linkedTo([1]), observe(model)));
    for (const [identity, policy] of model.policies) {
      if (policy.direction !== "fwd") continue;
      const templates = policy.templates.map((template) => ({
        ...template,
        reqid: 7,
      }));
      model.policies.set(identity, { ...policy, priority: 0, templates });
    }
    const plan = planNode(linkedTo([1]), observe(model));
    expect([...plan.protect]).toEqual([]);
    expect(plan.conflicts).toEqual([
      "another program's policy (priority 0) stands where crosslink needs policy fwd 10.1.0.0/24 -> 10.0.0.0/24 tunnel 203.0.113.2 -> 172.17.0.2 reqid 0x434c0001: remove it, or the program that set it",
    ]);
  });

  it("updates a policy of ours whose template changed", () => {
    const model = emptyModel();
    applyToModel(model, planNode(linkedTo([1]), observe(model)));
    const desired = linkedTo([1]);
    const moved = Array.from(desired.policies, (policy) => ({
      ...policy,
      templates: policy.templates.map((template) => ({
        ...template,
        reqid: 0x434c0099,
      })),
    }));
    const plan = planNode({ ...desired, policies: moved }, observe(model));
    expect(
      Array.from(plan.protect, ({ object, verb }) => `${verb} ${object}`),
    ).toEqual(["update policy", "update policy", "update policy"]);
  });

  it("puts another generation of a key in an SA's place", () => {
    const model = emptyModel();
    applyToModel(model, planNode(linkedTo([1]), observe(model)));
    const desired = { ...linkedTo([1]), associations: [association(1, 2)] };
    const plan = planNode(desired, observe(model));
    expect(plan.conflicts).toEqual([]);
    expect(
      Array.from(plan.protect, ({ object, verb }) => `${verb} ${object}`),
    ).toEqual(["replace association"]);
  });

  it("replaces an SA whose static key changed", () => {
    const model = emptyModel();
    const statically = (byte: number): DesiredState => ({
      ...linkedTo([1]),
      associations: [{ ...association(1, byte), reqid: 186 }],
      policies: Array.from(linkedTo([1]).policies, (policy) => ({
        ...policy,
        templates: policy.templates.map((template) => ({
          ...template,
          reqid: 186,
        })),
      })),
    });
    applyToModel(model, planNode(statically(1), observe(model)));
    const plan = planNode(statically(2), observe(model));
    expect(
      Array.from(plan.protect, ({ object, verb }) => `${verb} ${object}`),
    ).toEqual(["replace association"]);
  });

  it("removes SAs of a static key that only our old policies still name", () => {
    const model = emptyModel();
    const desired = linkedTo([1]);
    const statically: DesiredState = {
      ...desired,
      associations: [{ ...association(1), reqid: 186 }],
      policies: Array.from(desired.policies, (policy) => ({
        ...policy,
        templates: policy.templates.map((template) => ({
          ...template,
          reqid: 186,
        })),
      })),
    };
    applyToModel(model, planNode(statically, observe(model)));
    applyToModel(model, planNode(NOTHING, observe(model)));
    expect(model.associations.size).toBe(0);
  });

  it("does not take a pod's host route for a stale one", () => {
    const model = emptyModel();
    const host: Route = {
      destination: { address: Uint8Array.of(10, 0, 0, 7), length: 32 },
      table: 254,
      protocol: 88,
      scope: 253,
      type: 1,
      outputInterface: 9,
    };
    model.routes.set("pod", host);
    expect(planNode(NOTHING, observe(model)).retire).toEqual([]);
  });
});
