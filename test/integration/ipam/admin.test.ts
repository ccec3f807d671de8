import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { administer } from "../../../ipam/admin/administer.ts";
import type { Holding } from "../../../ipam/admin/inventory.ts";
import { loadBinding } from "../../../native/binding.ts";
import { callHandlers, temporary } from "../../support/ipam/call.ts";
import { reservations } from "../../support/ipam/store.ts";

/** A namespace that exists as long as this process. */
const LIVE = `/proc/${process.pid}/ns/net`;

/** A store with a network, libcni's cache, and what an admin types. */
function premises() {
  const folder = temporary();
  const at = (name: string): string => join(folder.path, name);
  const dataDir = at("networks");
  const folders = { runDirectory: at("run"), stateDirectory: at("state") };
  const resultsDir = at("results");
  for (const path of [dataDir, resultsDir]) mkdirSync(path);
  const add = (id: string, netns: string, network = "podnet"): void => {
    const config = {
      cniVersion: "1.1.0",
      name: network,
      ipam: { subnet: "10.1.2.0/24", dataDir },
    };
    callHandlers({ command: "ADD", id, netns, config }, folders);
  };
  const run = (words: string, json = true): string =>
    administer(
      words.split(" ").filter((word) => !word.startsWith("--")),
      { json, stale: words.includes("--stale") },
      { binding: () => loadBinding(), dataDir, resultsDir, ...folders },
    );
  const cache = (id: string, content: object): void => {
    writeFileSync(
      join(resultsDir, `podnet-${id}-eth0`),
      JSON.stringify(content),
    );
  };
  const file = (name: string, content: string): void => {
    writeFileSync(join(dataDir, "podnet", name), content);
  };
  const held = (): readonly string[] =>
    Object.keys(reservations(join(dataDir, "podnet")));
  const list = (words = "list"): readonly Holding[] =>
    JSON.parse(run(words)) as readonly Holding[];
  return {
    add,
    run,
    cache,
    file,
    held,
    list,
    at,
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

describe("crosslink ipam list", () => {
  it("tells who holds what, since when, and which are stale", () => {
    using place = premises();
    place.add("live", LIVE);
    place.add("gone", "/run/netns/gone");
    place.file("10.1.2.10", "legacy");
    place.file("10.1.2.11", "");
    place.file("10.1.2.12", "no reservation");
    const now = Date.now();
    const rows = place.list();
    expect(rows.map(({ since, ...row }) => row)).toEqual([
      {
        network: "podnet",
        address: "10.1.2.2",
        kind: "held",
        containerID: "live",
        ifname: "eth0",
        netns: LIVE,
        stale: false,
      },
      {
        network: "podnet",
        address: "10.1.2.3",
        kind: "held",
        containerID: "gone",
        ifname: "eth0",
        netns: "/run/netns/gone",
        stale: true,
      },
      {
        network: "podnet",
        address: "10.1.2.10",
        kind: "legacy",
        containerID: "legacy",
      },
      { network: "podnet", address: "10.1.2.11", kind: "empty" },
      { network: "podnet", address: "10.1.2.12", kind: "foreign" },
    ]);
    for (const { since } of rows)
      expect(Math.abs(Date.parse(since) - now)).toBeLessThan(60_000);
  });

  it("asks libcni's cache where a namespace was not noted", () => {
    using place = premises();
    place.add("other", LIVE);
    place.file("10.1.2.7", "old\r\neth0");
    place.file("10.1.2.8", "new\r\neth0");
    place.file("10.1.2.9", "broken\r\neth0");
    place.cache("old", {
      result: {
        interfaces: [
          { name: "veth" },
          { name: "eth0", sandbox: "/run/netns/old" },
        ],
      },
    });
    place.cache("new", { netns: LIVE, result: {} });
    place.cache("broken", []);
    expect(
      place
        .list()
        .map(({ containerID, netns, stale }) => [containerID, netns, stale]),
    ).toEqual([
      ["other", LIVE, false],
      ["old", "/run/netns/old", true],
      ["new", LIVE, false],
      ["broken", undefined, undefined],
    ]);
  });

  it("doesn't take an earlier holder's namespace for this one's", () => {
    using place = premises();
    place.add("first", LIVE);
    place.file("10.1.2.2", "second\r\neth0");
    expect(place.list()[0]).not.toHaveProperty("stale");
  });

  it("prints a table for people, and takes networks by name", () => {
    using place = premises();
    place.add("a", LIVE);
    place.add("b", "/gone", "other");
    const lines = place
      .run("list", false)
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual([
      "NETWORK",
      "ADDRESS",
      "CONTAINER",
      "INTERFACE",
      "SINCE",
      "STATE",
    ]);
    expect(
      lines
        .slice(1)
        .map(([network, address, , , , state]) => [network, address, state]),
    ).toEqual([
      ["other", "10.1.2.2", "stale"],
      ["podnet", "10.1.2.2", "in use"],
    ]);
    expect(place.list("list other").map(({ network }) => network)).toEqual([
      "other",
    ]);
    expect(place.run("list nowhere", false)).toBe("No addresses are held.");
  });

  it("finds nothing where there is no store", () => {
    using place = premises();
    rmSync(place.at("networks"), { recursive: true });
    expect(place.list()).toEqual([]);
  });
});

describe("crosslink ipam show", () => {
  it("finds addresses and containers", () => {
    using place = premises();
    place.add("a", LIVE);
    for (const name of ["10.1.2.2", "a"]) {
      expect(place.list(`show ${name}`).map(({ address }) => address)).toEqual([
        "10.1.2.2",
      ]);
    }
    expect(place.run("show a", false)).toMatch(
      /^address {4}10\.1\.2\.2\nnetwork {4}podnet\n/,
    );
    expect(() => place.run("show 10.1.2.99")).toThrow(
      'nobody holds "10.1.2.99"',
    );
  });
});

describe("crosslink ipam free", () => {
  it("frees what is stale, or what is named", () => {
    using place = premises();
    for (const id of ["a", "b"]) place.add(id, "/gone");
    place.add("c", LIVE);
    place.file("10.1.2.9", "who\r\neth0");
    expect(place.run("free --stale", false)).toBe(
      'Freed 10.1.2.2 of network "podnet".\nFreed 10.1.2.3 of network "podnet".',
    );
    expect(place.held()).toEqual(["10.1.2.4", "10.1.2.9"]);
    place.run("free who");
    expect(place.held()).toEqual(["10.1.2.4"]);
    expect(place.run("free --stale", false)).toBe("Nothing was freed.");
  });

  it("refuses what is in use, what is no reservation, and what means nothing", () => {
    using place = premises();
    place.add("a", LIVE);
    place.file("10.1.2.9", "no reservation");
    place.add("b", "/gone", "other");
    symlinkSync("/nowhere", join(place.at("networks/podnet"), "10.1.2.10"));
    const before = place.held();
    for (const [words, message] of [
      ["free a", 'container "a" still has 10.1.2.2'],
      [
        "free 10.1.2.2",
        '10.1.2.2 is held in the networks "other" and "podnet"',
      ],
      ["free 10.1.2.9", 'the file "10.1.2.9" is no reservation'],
      ["free 10.1.2.10", 'the file "10.1.2.10" is no reservation'],
      ["free", '"free" needs an address or a container ID'],
      ["free 10.1.2.2 --stale", "give addresses or --stale, not both"],
      ["eat", '"eat" is not list, show or free'],
    ] as const) {
      expect(() => place.run(words)).toThrow(message);
    }
    expect(place.held()).toEqual(before);
  });
});
