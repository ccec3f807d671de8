import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
  vi,
} from "vitest";
import { buildAddon } from "../../../.build/addon.ts";
import { asFunction, bundle } from "../../../.build/bundle.ts";
import { writeCaches } from "../../../.build/code-cache.ts";
import { nodePackage, root } from "../../../.build/paths.ts";

const node = `${nodePackage()}/bin/node`;
let folder: string;
let script: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-cache-"));
  script = join(folder, "crosslink.js");
  const text = await bundle(`${root}/plugin/start.ts`);
  writeFileSync(script, asFunction(text));
});

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("writeCaches()", () => {
  it("gives each call that a pod waits for a cache of what it runs, which V8 takes", () => {
    const caches = writeCaches(script, folder, {
      node,
      flags: ["--max-semi-space-size=4"],
      addon: buildAddon(),
    });
    const sizes = Object.fromEntries(
      Object.entries(caches).map(([name, file]) => [name, statSync(file).size]),
    );
    expect(Object.keys(sizes)).toEqual([
      "all.cache",
      "crosslink ADD.cache",
      "crosslink DEL.cache",
      "crosslink VERSION.cache",
      "crosslink-ipam ADD.cache",
      "crosslink-ipam DEL.cache",
    ]);
    const [all, ...rest] = Object.values(sizes);
    expect(Math.max(...rest)).toBeLessThan(all! * 0.7);
    expect(sizes["crosslink VERSION.cache"]).toBeLessThan(
      sizes["crosslink ADD.cache"]!,
    );
  });

  it.each([
    ["a call cannot be made", "/nowhere", process.env["PATH"], /nowhere/],
    ["there is no unshare", buildAddon(), "/nowhere", /unshare ENOENT/],
  ])(
    "says why, and makes do with one of all functions, where %s",
    (_, addon, path, reason) => {
      using log = vi.spyOn(console, "log").mockImplementation(() => undefined);
      vi.stubEnv("PATH", path);
      const caches = writeCaches(script, folder, { node, flags: [], addon });
      expect(Object.keys(caches)).toEqual(["all.cache"]);
      expect(log.mock.calls).toEqual([
        [expect.stringMatching(/^build: calls will start slower: /)],
      ]);
      expect(log.mock.calls[0]?.[0]).toMatch(reason);
    },
  );
});
