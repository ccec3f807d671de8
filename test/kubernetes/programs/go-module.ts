import type { Source } from "./versions.ts";

/**
 * The go.mod of a module that builds a source's programs: the source's own, so that every dependency has the version
 * that its authors tested, but for modules that it takes from folders of its repository, which are published apart.
 *
 * @param own the source's go.mod
 */
export function goModule(own: string, source: Source): string {
  const lines = own.split("\n").map((line) => published(line, source));
  const replaced = Object.entries(source.replacements ?? {}).filter(
    ([path]) => !lines.some((line) => line.includes(`${path} => ${path} `)),
  );
  return [
    ...lines.map((line) =>
      line.startsWith("module ") ? `module crosslink/${source.name}` : line,
    ),
    `require ${source.module} ${source.version}`,
    ...replaced.map(
      ([path, version]) => `replace ${path} => ${path} ${version}`,
    ),
    "",
  ].join("\n");
}

/** The lines of a go.sum that are of the modules a source names itself. */
export function pinnedSums(sums: string, source: Source): string {
  const wanted = new Map([
    [source.module, source.version],
    ...Object.entries(source.replacements ?? {}),
  ]);
  return sums
    .split("\n")
    .filter((line) => {
      const [path = "", version = ""] = line.split(" ");
      const expected = wanted.get(path) ?? source.staging;
      return (
        expected !== undefined && version.replace("/go.mod", "") === expected
      );
    })
    .join("\n");
}

/** A line of go.mod, with a published version in place of a folder. */
function published(line: string, { replacements, staging }: Source): string {
  const [, start, path = ""] =
    /^(\s*(?:replace )?(\S+) => )\.\//.exec(line) ?? [];
  if (start === undefined) return line;
  const version = replacements?.[path] ?? staging;
  if (version === undefined)
    throw new RangeError(
      `Cannot build from "${line.trim()}": versions.ts names no published version`,
    );
  return `${start}${path} ${version}`;
}
