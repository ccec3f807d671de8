import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

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

/** A path of sources: a file with one of our endings below some folder, or a file beside the page. */
function pathsIn(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
  return [...prose.matchAll(/`([\w./-]+\.(?:ts|c|sh|schema\.json))`/g)].map(
    ([, path]) => path ?? "",
  );
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
