/** All sources of the program as one text. */
import { build, type BuildOptions, type Plugin } from "esbuild";
import { lazyBuiltins } from "./builtins.ts";
import { lazyPackages, rarePackages } from "./packages.ts";
import { root } from "./paths.ts";

/**
 * Bundles a TypeScript file and what it imports into one CommonJS text: Node's single executables run no modules. Names
 * and lines stay readable in stack traces.
 *
 * @param more what else esbuild is to do: the bench builds the program without a part of it
 */
export function bundle(
  entry: string,
  more: readonly Plugin[] = [],
): Promise<string> {
  return bundled(entry, {
    // A folder that a source file could name does not exist in the binary; its own file is the nearest thing.
    define: { "import.meta.dirname": "__dirname" },
    plugins: [...more, lazyBuiltins, lazyPackages, rarePackages],
  });
}

/** The loader and what it shares with the build. */
export function bundleLoader(): Promise<string> {
  return bundled(`${root}/.build/loader.cjs`);
}

async function bundled(entry: string, more?: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    ...more,
    logLevel: "warning",
  });
  const file = outputFiles?.[0];
  if (file === undefined)
    throw new Error(`Cannot bundle "${entry}": no output`);
  return file.text;
}

/** One function with what CommonJS offers, as the loader runs a bundle. */
export function asFunction(text: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
}
