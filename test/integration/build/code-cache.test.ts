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
import { TRAINED, writeCaches } from "../../../.build/code-cache.ts";
import { ENTRIES, type Entries } from "../../../.build/entries.ts";
import { nodePackage } from "../../../.build/paths.ts";

const node = `${nodePackage()}/bin/node`;
let folder: string;
let scripts: Entries;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-cache-"));
  scripts = {
    call: await bundled("call.js", ENTRIES.call),
    release: await bundled("release.js", ENTRIES.release),
    ipam: await bundled("ipam.js", ENTRIES.ipam),
    commandLine: await bundled("crosslink.js", ENTRIES.commandLine),
  };
});

async function bundled(name: string, entry: string): Promise<string> {
  const script = join(folder, name);
  writeFileSync(script, asFunction(await bundle(entry)));
  return script;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function scriptOf(call: string): string {
  if (call.startsWith("crosslink-ipam")) return "ipam";
  return /(DEL|VERSION)$/.test(call) ? "release" : "call";
}

describe("writeCaches()", () => {
  it("gives each call that a runtime makes of a pod a cache of what it runs, which V8 takes", () => {
    const caches = writeCaches(scripts, folder, {
      node,
      flags: ["--max-semi-space-size=4"],
      addon: buildAddon(),
    });
    const sizes = Object.fromEntries(
      Object.entries(caches).map(([name, file]) => [name, statSync(file).size]),
    );
    expect(Object.keys(sizes)).toEqual([
      "crosslink.cache",
      "call.cache",
      "release.cache",
      "ipam.cache",
      "crosslink ADD.cache",
      "crosslink CHECK.cache",
      "crosslink DEL.cache",
      "crosslink VERSION.cache",
      "crosslink-ipam ADD.cache",
      "crosslink-ipam DEL.cache",
    ]);
    const sizeOf = (name: string): number => sizes[`${name}.cache`]!;
    expect(sizeOf("call")).toBeLessThan(sizeOf("crosslink") * 0.8);
    expect(sizeOf("ipam")).toBeLessThan(sizeOf("call") * 0.8);
    expect(sizeOf("release")).toBeLessThan(sizeOf("call") * 0.5);
    for (const call of Object.keys(TRAINED)) {
      const script = scriptOf(call);
      expect(sizeOf(call)).toBeLessThan(sizeOf(script) * 0.8);
    }
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
      const caches = writeCaches(scripts, folder, { node, flags: [], addon });
      expect(Object.keys(caches)).toEqual([
        "crosslink.cache",
        "call.cache",
        "release.cache",
        "ipam.cache",
      ]);
      expect(log.mock.calls).toEqual([
        [expect.stringMatching(/^build: calls will start slower: /)],
      ]);
      expect(log.mock.calls[0]?.[0]).toMatch(reason);
    },
  );
});
