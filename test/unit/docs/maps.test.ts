import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import rooms from "../../../.config/rooms.json" with { type: "json" };

const root = new URL("../../..", import.meta.url).pathname;

const pages = globSync("**/*.md", {
  cwd: root,
  exclude: (name) => /(^|\/)(node_modules|dist|results)(\/|$)/.test(name),
});

/** Maps name files in backquotes, beside themselves or from the root. */
const maps = pages.filter(
  (page) => page.endsWith("README.md") || page === "CONTRIBUTING.md",
);

function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
    ([, target]) => target ?? "",
  );
}

/** A path of sources: a file with one of our endings below some folder, or a file beside the page; in trees files of TypeScript. */
function pathsIn(text: string): string[] {
  const trees = /^```[\s\S]*?^```/gm;
  const prose = text.replaceAll(trees, "");
  return [
    ...prose.matchAll(/`([\w./-]+\.(?:ts|c|sh|schema\.json))`/g),
    ...(text.match(trees) ?? [])
      .join("\n")
      .matchAll(/(?<![\w./-])([\w-]+\.ts)\b/g),
  ].map(([, path]) => path ?? "");
}

/** A file or folder beside the page. */
const NAMED = /(?<![\w./-])([\w-]+(?:\.ts|(?=\/)))/g;

/** More files than one sees at a glance: with those of folders below that have no map of their own. */
const MANY = 12;

/** What stands in each folder of sources: files, and folders with a slash. */
const contents = new Map<string, Set<string>>();
for (const path of globSync(`{${Object.keys(rooms).join(",")}}/**/*.ts`, {
  cwd: root,
  exclude: (name) => /(^|\/)(generated|node_modules)$/.test(name),
})) {
  const parts = path.split("/");
  for (const depth of parts.keys()) {
    if (depth === 0) continue;
    const folder = parts.slice(0, depth).join("/");
    const inside = contents.get(folder) ?? new Set();
    contents.set(folder, inside.add(parts[depth] ?? ""));
  }
}

/** How many files there are for which a folder's map would be the nearest. */
function unmapped(folder: string): number {
  return [...(contents.get(folder) ?? [])]
    .map((name) => `${folder}/${name}`)
    .map((path) => {
      if (!contents.has(path)) return 1;
      return maps.includes(`${path}/README.md`) ? 0 : unmapped(path);
    })
    .reduce((sum, each) => sum + each, 0);
}

function below(folder: string, name: string): number {
  return globSync(`*/**/${name}`, { cwd: folder }).length;
}

describe("pages", () => {
  it.each(pages)("%s links to what is there", (page) => {
    const folder = join(root, dirname(page));
    const dead = linksIn(readFileSync(join(root, page), "utf8")).filter(
      (target) => !existsSync(join(folder, target)),
    );
    expect(dead).toEqual([]);
  });

  it.each(maps)("%s names files that are there", (page) => {
    const folder = join(root, dirname(page));
    // A bare name may stand for a file of that name in every room below, such as `constants.ts`.
    const gone = pathsIn(readFileSync(join(root, page), "utf8")).filter(
      (path) =>
        !existsSync(join(folder, path)) &&
        !existsSync(join(root, path)) &&
        (path.includes("/") || below(folder, path) === 0),
    );
    expect(gone).toEqual([]);
  });
});

describe("rooms of the sources", () => {
  it(`with more than ${MANY} files have a map`, () => {
    const without = [...contents.keys()].filter(
      (folder) =>
        !maps.includes(`${folder}/README.md`) && unmapped(folder) > MANY,
    );
    expect(without).toEqual([]);
  });

  it.each([...contents].filter(([room]) => maps.includes(`${room}/README.md`)))(
    "%s has a map that names all that is in it",
    (room, inside) => {
      const text = readFileSync(join(root, room, "README.md"), "utf8");
      const named = new Set([...text.matchAll(NAMED)].map(([, name]) => name));
      expect([...inside].filter((name) => !named.has(name))).toEqual([]);
    },
  );
});
