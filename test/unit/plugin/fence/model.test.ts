import { describe, expect, it } from "vitest";
import { APPLY, CHANGE } from "../../../../plugin/node/order.ts";
import {
  explore,
  freshNode,
  readyNode,
} from "../../../support/fence-model/explore.ts";
import type { Order } from "../../../support/fence-model/run.ts";

/** Two runs and a kill, and one change of the files. */
const fresh = freshNode({ start: 2, kill: 1, file: 1, reboot: 0 });
const ready = readyNode({ start: 2, kill: 1, file: 2, reboot: 0 });
const rebooted = freshNode({ start: 3, kill: 0, file: 2, reboot: 1 });

describe("whatever order two runs, changes of files and a kill come in, nothing that was closed is open in either layer", () => {
  it("on a node that nothing was ever done to", () => {
    const { states, opened } = explore(fresh);
    expect(opened).toBeUndefined();
    expect(states).toBeGreaterThan(5_000);
  });

  it("on a node that is set up", () => {
    const { states, opened } = explore(ready);
    expect(opened).toBeUndefined();
    expect(states).toBeGreaterThan(5_000);
  });

  it("after a reboot, of what was ever remembered", () => {
    const { states, opened } = explore(rebooted, { changing: ["c"] });
    expect(opened).toBeUndefined();
    expect(states).toBeGreaterThan(5_000);
  });
});

describe("a run that errs is found out: one that", () => {
  it("retires what its files do not name", () => {
    const { opened } = explore(ready, { faults: { retiresAll: true } });
    expect(opened?.join()).toMatch(/delete policy in 10\.2\.0\.0/);
  });

  it("takes back what nobody has forgotten", () => {
    const { opened } = explore(ready, { faults: { takesBackAll: true } });
    expect(opened?.join()).toMatch(/taken back/);
  });

  it("remembers over what others remembered", () => {
    const { opened } = explore(rebooted, {
      faults: { overwrites: true },
      changing: ["c"],
    });
    expect(opened).toContain("reboot");
  });
});

/** Another order than the program's, and what is wrong with it. */
const ORDERS: readonly [string, Partial<Order>, RegExp][] = [
  [
    "refuses before it raises",
    { change: ["refuse trouble", "raise", "remember", "apply", "forget"] },
    /ends, fenced/,
  ],
  [
    "lets packets pass before both layers stand",
    { change: ["apply", "raise", "remember", "refuse trouble", "forget"] },
    /add policy|takes away/,
  ],
  [
    "refuses before it remembers",
    { change: ["raise", "refuse trouble", "remember", "apply", "forget"] },
    /ends, fenced/,
  ],
  [
    "takes down in trouble",
    { change: ["raise", "remember", "apply", "refuse trouble", "forget"] },
    /takes away in trouble/,
  ],
  [
    "releases the fence before what it guards",
    {
      apply: [
        "note keys",
        "protect",
        "exempt from SNAT",
        "release the fence",
        "retire",
      ],
    },
    /rules/,
  ],
  ["raises nothing while it waits", { raiseOnly: ["remember"] }, /waits/],
  ["remembers nothing while it waits", { raiseOnly: ["raise"] }, /waits/],
];

describe("steps in another order than plugin/node/order.ts has them are found out: a run that", () => {
  it.each(ORDERS)("%s", (_, order, found) => {
    const { opened } = explore(fresh, { faults: { order } });
    expect(opened?.at(-1)).toMatch(found);
  });

  it.each(ORDERS)("%s: only the order differs", (_, { change, apply }) => {
    if (change) expect(change.toSorted()).toEqual(CHANGE.toSorted());
    if (apply) expect(apply.toSorted()).toEqual(APPLY.toSorted());
  });
});
