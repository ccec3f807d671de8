import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";

/**
 * Makes one JavaScript file of a TypeScript program and all that it imports, and one each of the programs that it may
 * start: files with an `import.meta.main` of their own. Stripping types takes longer than the rest of a program's start,
 * most of all in a guest kernel. What `import.meta` tells about places stays as in the sources.
 *
 * @returns the path of the program's file in `folder`
 */
export async function bundle(program: string, folder: string): Promise<string> {
  // Scenes share files with the tests that start them, this one too: what they never run must not be in their way.
  const { build } = await import("esbuild");
  const pending = new Set([program]);
  // A set grows while it is walked: programs that start programs are found on the way.
  for (const entry of pending) {
    await build({
      entryPoints: [entry],
      outfile: bundleOf(entry, folder),
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["esbuild"],
      logLevel: "error",
      plugins: [placed(entry, folder, (other) => pending.add(other))],
    });
  }
  return bundleOf(program, folder);
}

const MAIN = /import\.meta\.main/;

function bundleOf(program: string, folder: string): string {
  return join(folder, `${basename(program, ".ts")}.mjs`);
}

/** Says what `import.meta` says before files are moved together. */
function placed(
  entry: string,
  folder: string,
  onProgram: (path: string) => void,
): Plugin {
  const load = ({ path }: { path: string }) => {
    const source = readFileSync(path, "utf8");
    const isProgram = MAIN.test(source);
    if (isProgram) onProgram(path);
    const contents = source
      .replace(MAIN, String(path === entry))
      .replaceAll(/import\.meta\.url/g, text(pathToFileURL(path).href))
      .replaceAll(/import\.meta\.dirname/g, text(dirname(path)))
      .replaceAll(
        /import\.meta\.filename/g,
        text(isProgram ? bundleOf(path, folder) : path),
      );
    return { contents, loader: "ts" as const };
  };
  return {
    name: "places",
    setup: (builder) => {
      builder.onLoad({ filter: /\.ts$/ }, load);
    },
  };
}

function text(value: string): string {
  return JSON.stringify(value);
}
