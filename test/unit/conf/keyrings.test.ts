import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  keyringOfCluster,
  keyringsOfClusters,
} from "../../../conf/keyrings.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

const keys = (letter: string) => ({
  active: 1,
  keys: [{ id: 1, secret: Buffer.alloc(32, letter).toString("base64") }],
});

function folder(files: Record<string, unknown>) {
  const parent = temporaryFolder();
  mkdirSync(join(parent, "keyrings.d"), { mode: 0o700 });
  writeFiles(join(parent, "keyrings.d"), files);
  return join(parent, "keyring.json");
}

describe("keyringsOfClusters()", () => {
  it("reads those of the clusters that it is asked for, and no others", () => {
    const mesh = folder({
      "b.json": keys("b"),
      "c.json": keys("c"),
      "broken.json": "{",
    });
    const found = keyringsOfClusters(mesh, ["a", "b"]);
    expect([...found.keys()]).toEqual(["b"]);
    expect(found.get("b")).toMatchObject({ kind: "keys", active: 1 });
  });

  it("finds none where there is no folder", () => {
    const mesh = join(temporaryFolder(), "keyring.json");
    expect(keyringsOfClusters(mesh, ["b"])).toEqual(new Map());
  });

  it("takes nothing for missing that is wrong", () => {
    const mesh = folder({ "b.json": keys("b"), "c.json": keys("c") });
    chmodSync(keyringOfCluster(mesh, "b"), 0o644);
    expect(refusal(() => keyringsOfClusters(mesh, ["b"])).msg).toContain(
      "its mode is 0644",
    );
    symlinkSync("/nowhere", keyringOfCluster(mesh, "d"));
    expect(refusal(() => keyringsOfClusters(mesh, ["d"])).code).toBe(7);
  });

  it("refuses a static key, and says what to make", () => {
    const static_ = { spi: 300, reqid: 300, key: `0x${"ab".repeat(20)}` };
    const mesh = folder({ "b.json": { static: static_ } });
    const { msg, details } = refusal(() => keyringsOfClusters(mesh, ["b"]));
    expect(msg).toContain('/static: one cluster\'s own keyring holds "keys"');
    expect(details).toContain("crosslink keygen --keyring");
  });
});
