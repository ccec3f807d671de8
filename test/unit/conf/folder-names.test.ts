import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  clusterFiles,
  ignoredFiles,
  namesIn,
} from "../../../conf/folder-names.ts";
import { temporaryFolder } from "./files.ts";

const clusterFilesIn = (folder: string) => clusterFiles(namesIn(folder));
const ignoredFilesIn = (folder: string) => ignoredFiles(namesIn(folder));

/** A folder with these names in it. */
function folderOf(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) writeFileSync(join(folder, name), "");
  return folder;
}

test.each([
  ["b.yaml", /it is YAML; convert it to JSON, as "b\.json"$/],
  ["b.YML", /it is YAML; convert it to JSON, as "b\.json"$/],
  ["b.JSON", /small letters; rename it to "b\.json"$/],
  ["b.Json", /small letters; rename it to "b\.json"$/],
  ["b.json5", /does not end in "\.json"; rename it/],
  ["b.jsonc", /does not end in "\.json"; rename it/],
  ["b.json.txt", /does not end in "\.json"; rename it/],
  ["b.json ", /"[^"]*b\.json " is not read.*does not end in "\.json"/],
  ["b.json\n", /b\.json\\n" is not read/],
  ["b", /does not end in "\.json"; rename it/],
])("%j is named, with what to do", (name, words) => {
  const folder = folderOf(name, "a.json");
  expect(clusterFilesIn(folder)).toEqual(["a.json"]);
  expect(ignoredFilesIn(folder)).toEqual([expect.stringMatching(words)]);
});

test("folders, FIFOs and links to nothing are named, and not waited for", () => {
  const folder = folderOf();
  mkdirSync(join(folder, "sub"));
  mkdirSync(join(folder, "sub.yaml"));
  execFileSync("mkfifo", [join(folder, "fifo.yaml")]);
  symlinkSync("nothing", join(folder, "link.yml"));
  expect(ignoredFilesIn(folder)).toEqual([
    expect.stringContaining("it is YAML"),
    expect.stringContaining("it is YAML"),
    expect.stringContaining("it is a folder, which is not looked into"),
    expect.stringContaining("it is a folder, which is not looked into"),
  ]);
});

test("what programs leave there by themselves is no fault", () => {
  const folder = folderOf(
    ...[".hidden.json", ".b.json.swp", ".#b.json", "..data"],
    ...["..2026_11_28_17_56_09.123456789", "b.json~", "#b.json#", "4913"],
    ...["b.json.swp", "b.json.bak", "b.yaml.BAK", "b.json.orig", "b.json.rej"],
    ...[
      "b.json.rpmsave",
      "b.json.rpmnew",
      "b.json.dpkg-dist",
      "b.json.dpkg-old",
    ],
    ...["b.json.ucf-dist", "b.json.tmp", "b.json.~1~", "b.json.bak-2026"],
    ...["README", "README.md", "b.json.disabled"],
  );
  expect(ignoredFilesIn(folder)).toEqual([]);
  expect(clusterFilesIn(folder)).toEqual([]);
});

test("a folder of something else is told of by a few names, a missing one not here", () => {
  const names = Array.from({ length: 100 }, (_, index) => `${index}.txt`);
  expect(ignoredFilesIn(folderOf(...names))).toHaveLength(20);
  expect(ignoredFilesIn("/nonexistent")).toEqual([]);
});
