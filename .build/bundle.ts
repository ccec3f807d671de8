/** All sources of the program as one text. */
import { build, type Plugin } from "esbuild";
import { lazyBuiltins } from "./builtins.ts";
import { lazyPackages, rarePackages } from "./packages.ts";

/**
 * Bundles a TypeScript file and what it imports into one CommonJS text: Node's single executables run no modules. Names
 * and lines stay readable in stack traces.
 *
 * @param more what else esbuild is to do: the bench builds the program without a part of it
 */
export async function bundle(
  entry: string,
  more: readonly Plugin[] = [],
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    // A folder that a source file could name does not exist in the binary; its own file is the nearest thing.
    define: { "import.meta.dirname": "__dirname" },
    plugins: [...more, lazyBuiltins, lazyPackages, rarePackages],
    logLevel: "warning",
  });
  const [file] = outputFiles;
  if (file === undefined)
    throw new Error(`Cannot bundle "${entry}": no output`);
  return file.text;
}

/** One function with what CommonJS offers, as the loader runs a bundle. */
export function asFunction(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
}
