import { expect, test } from "vitest";
import { booter } from "../../../support/guest/booter.ts";
import type { boot } from "../../../support/guest/guest.ts";
import { residentGuest } from "../../../support/guest/resident.ts";

/** Starts guests that say by what, or do not start by KVM; those in `hung` are dead once they have started. */
function starter({
  kvmWorks,
  hung = [],
}: {
  kvmWorks: boolean;
  hung?: readonly number[];
}) {
  const tried: string[] = [];
  const ended: number[] = [];
  const start: typeof boot = (accelerator) => {
    const number = tried.push(accelerator);
    if (accelerator === "kvm" && !kvmWorks)
      return Promise.reject(new Error("not ready in 20 s"));
    return Promise.resolve({
      accelerator,
      alive: () => !hung.includes(number),
      run: () =>
        Promise.resolve({ status: 0, output: `guest ${number}`, seconds: 1 }),
      [Symbol.dispose]: () => ended.push(number),
    });
  };
  return { start, tried, ended };
}

test("KVM that does not come to a guest's init is tried once, and without a word", async () => {
  const { start, tried } = starter({ kvmWorks: false });
  const begin = booter(start, true);
  const guests = await Promise.all([begin(), begin(), begin()]);
  guests.push(await begin());
  expect(guests.map(({ accelerator }) => accelerator)).toEqual([
    "tcg",
    "tcg",
    "tcg",
    "tcg",
  ]);
  expect(tried.filter((accelerator) => accelerator === "kvm")).toHaveLength(1);
});

test("KVM that works is used by all", async () => {
  const { start, tried } = starter({ kvmWorks: true });
  const begin = booter(start, true);
  await Promise.all([begin(), begin()]);
  expect(tried).toEqual(["kvm", "kvm"]);
});

test("without /dev/kvm nothing tries it", async () => {
  const { start, tried } = starter({ kvmWorks: true });
  await booter(start, false)();
  expect(tried).toEqual(["tcg"]);
});

const scene = { command: ["true"], seconds: 1 };

test("scenes share a guest; one that asks for its own modules has a guest of its own, which ends with it", async () => {
  const { start, tried, ended } = starter({ kvmWorks: true });
  const resident = residentGuest({}, booter(start, false));
  const outputs = [];
  for (const request of [scene, scene, { ...scene, modules: [] }, scene])
    outputs.push((await resident.run(request)).output);
  expect(outputs).toEqual(["guest 1", "guest 1", "guest 2", "guest 1"]);
  expect([tried.length, ended]).toEqual([2, [2]]);
});

test("after a guest that hung, the next scene has a new one", async () => {
  const { start, ended } = starter({ kvmWorks: true, hung: [1] });
  const resident = residentGuest({}, booter(start, false));
  const { output } = await resident.run(scene);
  expect([output, ended]).toEqual(["guest 2", [1]]);
});
