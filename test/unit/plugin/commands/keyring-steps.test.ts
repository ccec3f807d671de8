import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadKeyring } from "../../../../conf/keyring.ts";
import { keygen } from "../../../../plugin/commands/keyring-steps.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-keygen-"));
  path = join(folder, "keyring.json");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function ids(): { active: number; ids: number[] } {
  const keyring = loadKeyring(path);
  if (keyring.kind !== "keys") throw new Error("want derived keys");
  return { active: keyring.active, ids: keyring.keys.map(({ id }) => id) };
}

function secrets(): string[] {
  const file = JSON.parse(readFileSync(path, "utf8")) as {
    keys: { secret: string }[];
  };
  return file.keys.map(({ secret }) => secret);
}

describe("keygen()", () => {
  it("writes a keyring that the loader takes, for its owner only", () => {
    keygen(path, "create");
    expect(ids()).toEqual({ active: 1, ids: [1] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["keyring.json"]);
  });

  it("never overwrites a keyring", () => {
    keygen(path, "create");
    const before = readFileSync(path, "utf8");
    expect(() => keygen(path, "create")).toThrow(/it is there already/);
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  it("rotates in three steps, and keeps the old secret until the last", () => {
    keygen(path, "create");
    const [first] = secrets();
    keygen(path, "rotate");
    expect(ids()).toEqual({ active: 1, ids: [1, 2] });
    expect(secrets()[0]).toBe(first);
    keygen(path, "activate");
    expect(ids()).toEqual({ active: 2, ids: [1, 2] });
    keygen(path, "retire");
    expect(ids()).toEqual({ active: 2, ids: [2] });
    expect(secrets()).not.toContain(first);
  });

  it("starts again at 1 after id 255", () => {
    const secret = Buffer.alloc(32, 7).toString("base64");
    const file = { active: 255, keys: [{ id: 255, secret }] };
    writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
    keygen(path, "rotate");
    expect(ids()).toEqual({ active: 255, ids: [255, 1] });
  });

  it("refuses to activate what is active already", () => {
    keygen(path, "create");
    expect(() => keygen(path, "activate")).toThrow(/active one already/);
  });

  it("refuses to rotate a static key", () => {
    const key = "0x7482b075e3ec7e11a20e1edc1e9a7a459ada760c";
    const file = { static: { spi: 186, reqid: 186, key } };
    writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
    expect(() => keygen(path, "rotate")).toThrow(/static key/);
  });

  it("says nothing of a secret", () => {
    const said = (["create", "rotate", "activate", "retire"] as const).map(
      (step) => keygen(path, step),
    );
    for (const secret of secrets()) expect(said.join()).not.toContain(secret);
  });
});
