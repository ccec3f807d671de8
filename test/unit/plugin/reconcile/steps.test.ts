import { expect, it } from "vitest";
import {
  type Mended,
  stepsBetween,
} from "../../../../plugin/reconcile/steps.ts";

interface Thing {
  readonly id: number;
  readonly value: number;
}

const THINGS: Mended<Thing, Thing, string> = {
  identity: ({ id }) => String(id),
  owns: ({ value }) => value < 100,
  equals: (a, b) => a.value === b.value,
  add: ({ id, value }) => `add ${id}:${value}`,
  change: ({ id, value }, found) => `change ${id}:${found.value} to ${value}`,
  remove: ({ id }) => `remove ${id}`,
  conflict: ({ id }, found) => `${id} is ${found.value}`,
};

/** Made anew each time, as policies are. */
const desired: Iterable<Thing> = {
  *[Symbol.iterator]() {
    for (const id of [5, 1, 2, 3, 4, 5]) yield { id, value: id };
  },
};

it("steps are the same each time that somebody goes through them: what is missing, then what changes", () => {
  const observed = [
    { id: 9, value: 9 },
    { id: 2, value: 7 },
    { id: 3, value: 3 },
    { id: 4, value: 100 },
  ];
  const steps = stepsBetween(desired, observed, THINGS);
  const needed = ["add 1:1", "add 5:5", "change 2:7 to 2"];
  expect([...steps.needed]).toEqual(needed);
  expect([...steps.needed]).toEqual(needed);
  expect(steps.stale).toEqual(["remove 9"]);
  expect(steps.conflicts).toEqual(["4 is 100"]);
});
