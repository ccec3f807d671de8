import { expect, test } from "vitest";
import { booter } from "../../../support/guest/booter.ts";
import type { boot } from "../../../support/guest/guest.ts";
import { residentGuest } from "../../../support/guest/resident.ts";

/** Starts guests that say by what, at once or not by KVM; those in `hung` are dead once they have started. */
function starter({
  kvm,
  hung = [],
}: {
  kvm: "works" | "hangs" | "aborts";
  hung?: readonly number[];
}) {
  const tried: string[] = [];
  const ended: number[] = [];
  const start: typeof boot = async (accelerator, _seconds, options) => {
    const number = tried.push(accelerator);
    options?.signal?.addEventListener("abort", () => ended.push(number));
    if (accelerator === "kvm" && kvm === "aborts") throw new Error("it ended");
    if (accelerator === "kvm" && kvm === "hangs")
      return new Promise<never>(() => undefined);
    // An emulated one takes longer.
    if (accelerator === "tcg") await new Promise(setImmediate);
    return {
      accelerator,
      alive: () => !hung.includes(number),
      run: () =>
        Promise.resolve({ status: 0, output: `guest ${number}`, seconds: 1 }),
      [Symbol.dispose]: () => ended.push(number),
    };
  };
  return { start, tried, ended };
}

test.each(["hangs", "aborts"] as const)(
  "KVM that %s is tried once, without a word, and nobody waits for it",
  async (kvm) => {
    const { start, tried, ended } = starter({ kvm });
    const begin = booter(start, true);
    const guests = await Promise.all([begin(), begin(), begin()]);
    guests.push(await begin());
    expect(guests.map(({ accelerator }) => accelerator)).toEqual([
      "tcg",
      "tcg",
      "tcg",
      "tcg",
    ]);
    expect(tried).toEqual(["kvm", "tcg", "tcg", "tcg", "tcg"]);
    expect(ended).toEqual([1]);
  },
);

test("KVM that works is used by all, and the emulated guest that ran against it is ended", async () => {
  const { start, tried, ended } = starter({ kvm: "works" });
  const begin = booter(start, true);
  const guests = await Promise.all([begin(), begin()]);
  expect(guests.map(({ accelerator }) => accelerator)).toEqual(["kvm", "kvm"]);
  expect(tried).toEqual(["kvm", "tcg", "kvm"]);
  expect(ended).toEqual([2]);
});

test("where no guest comes up, the emulated one's reason is given", async () => {
  const begin = booter(
    (accelerator) => Promise.reject(new Error(`not by ${accelerator}`)),
    true,
  );
  await expect(begin()).rejects.toThrow("not by tcg");
});

test("without /dev/kvm nothing tries it", async () => {
  const { start, tried } = starter({ kvm: "works" });
  await booter(start, false)();
  expect(tried).toEqual(["tcg"]);
});

const scene = { command: ["true"], seconds: 1 };

test("scenes share a guest; one that asks for its own modules has a guest of its own, which ends with it", async () => {
  const { start, tried, ended } = starter({ kvm: "works" });
  const resident = residentGuest({}, booter(start, false));
  const outputs = [];
  for (const request of [scene, scene, { ...scene, modules: [] }, scene])
    outputs.push((await resident.run(request)).output);
  expect(outputs).toEqual(["guest 1", "guest 1", "guest 2", "guest 1"]);
  expect([tried.length, ended]).toEqual([2, [2]]);
});

test("after a guest that hung, the next scene has a new one", async () => {
  const { start, ended } = starter({ kvm: "works", hung: [1] });
  const resident = residentGuest({}, booter(start, false));
  const { output } = await resident.run(scene);
  expect([output, ended]).toEqual(["guest 2", [1]]);
});
