import { statSync } from "node:fs";
import { expect, it } from "vitest";
import { buildAddon } from "../../../.build/addon.ts";
import { loadBinding } from "../../../native/binding.ts";

it("buildAddon() makes an addon that has every function of the binding", () => {
  const binding = loadBinding(buildAddon());
  expect(Object.keys(binding)).toEqual(
    expect.arrayContaining([
      "addMembership",
      "close",
      "flock",
      "makeNamespace",
      "open",
      "portId",
      "readSysctl",
      "receive",
      "send",
      "writeSysctl",
    ]),
  );
});

it("buildAddon() leaves a file alone that is newer than its sources", () => {
  const before = statSync(buildAddon(), { bigint: true });
  const after = statSync(buildAddon(), { bigint: true });
  expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
});
