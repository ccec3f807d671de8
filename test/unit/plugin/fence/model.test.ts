import { describe, expect, it } from "vitest";
import {
  explore,
  freshNode,
  readyNode,
} from "../../../support/fence-model/explore.ts";

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

  it("raises no fence before all else", () => {
    const { opened } = explore(fresh, { faults: { raisesNothing: true } });
    expect(opened?.at(-1)).toMatch(/unlock/);
  });

  it("remembers over what others remembered", () => {
    const { opened } = explore(rebooted, {
      faults: { overwrites: true },
      changing: ["c"],
    });
    expect(opened).toContain("reboot");
  });
});
