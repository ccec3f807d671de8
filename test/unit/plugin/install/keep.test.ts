import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepLast } from "../../../../plugin/install/keep.ts";
import { ipamNetworks } from "../../../../plugin/install/networks.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-keep-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, "10-base.conflist");

function write(...plugins: readonly object[]): void {
  const conflist = { cniVersion: "0.3.1", name: "pods", plugins };
  writeFileSync(path(), JSON.stringify(conflist, undefined, 2));
}

function plugins(): unknown {
  return (JSON.parse(readFileSync(path(), "utf8")) as { plugins: unknown })
    .plugins;
}

const base = { type: "calico" };
const ours = { type: "crosslink" };
const portmap = { type: "portmap" };

describe("keepLast()", () => {
  it.each([
    ["appends where there is none", [base, portmap]],
    ["leaves what is right", [base, portmap, ours]],
    ["moves it behind what an installer appended", [base, ours, portmap]],
    ["leaves one of two", [base, ours, portmap, ours]],
    [
      "leaves one of three, whatever their order",
      [ours, ours, base, ours, portmap],
    ],
  ])("%s", (_, before) => {
    write(...before);
    keepLast({ folder });
    expect(plugins()).toEqual([base, portmap, ours]);
  });

  it("says what it changed, and changes nothing the second time", () => {
    write(base);
    expect(keepLast({ folder }).changed).toBe(path());
    expect(keepLast({ folder }).changed).toBeUndefined();
  });

  it("brings back the words that an installer wrote over", () => {
    const worded = { ...ours, snat: "return", clustersDir: "/etc/clusters" };
    write(base, worded);
    const { entry } = keepLast({ folder });
    write(base, portmap);
    keepLast({ folder }, entry);
    expect(plugins()).toEqual([base, portmap, worded]);
  });

  it("makes no conflist where there is none: a runtime would take it for the node's network", () => {
    expect(keepLast({ folder })).toEqual({});
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes no unfinished file for one", () => {
    writeFileSync(path(), '{"plugins": [');
    expect(keepLast({ folder })).toEqual({});
    expect(readFileSync(path(), "utf8")).toBe('{"plugins": [');
  });

  it("looks after the one that is named", () => {
    write(base);
    writeFileSync(
      join(folder, "00-other.conflist"),
      '{"plugins":[{"type":"x"}]}',
    );
    expect(keepLast({ folder, name: "10-base.conflist" }).changed).toBe(path());
    expect(plugins()).toEqual([base, ours]);
  });

  it("refuses a conflist of crosslink alone", () => {
    write(ours);
    expect(() => keepLast({ folder })).toThrow(
      `Cannot use conflist "${path()}"`,
    );
    expect(plugins()).toEqual([ours]);
  });
});

describe("ipamNetworks()", () => {
  it.each([
    [
      "a plugin of its own",
      [{ type: "ptp", ipam: { type: "crosslink-ipam", dataDir: "/d" } }],
    ],
    [
      "flannel's delegate",
      [
        {
          type: "flannel",
          delegate: { ipam: { type: "crosslink-ipam", dataDir: "/d" } },
        },
      ],
    ],
  ])("finds it in %s", (_, list) => {
    write(...list, ours);
    expect(ipamNetworks(folder)).toEqual([{ network: "pods", dataDir: "/d" }]);
  });

  it("leaves the addresses of others to them", () => {
    mkdirSync(join(folder, "pods"));
    write({ type: "ptp", ipam: { type: "host-local" } }, ours);
    expect(ipamNetworks(folder)).toEqual([]);
  });
});
