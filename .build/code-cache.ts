/**
 * V8's compiled form of the bundle, every function included. A short process spends a fifth of an ADD on compiling
 * functions when they are first called, and the cache that Node can put into a single executable holds none of them.
 *
 *   node .build/code-cache.ts make|verify SCRIPT CACHE
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

/** Writes the bundle as the loader runs it, and its cache. */
export function writeScript(
  bundle: string,
  files: { readonly script: string; readonly cache: string },
  node: string,
): void {
  writeFileSync(files.script, asFunction(bundle));
  // By the Node that ships, in a process of its own: the flags must not outlive it.
  for (const verb of ["make", "verify"])
    execFileSync(node, [import.meta.filename, verb, files.script, files.cache]);
}

/** One function with what CommonJS offers, as the loader runs a bundle. */
export function asFunction(bundle: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${bundle}\n})`;
}

function make(text: string, cache: string): void {
  setFlagsFromString("--no-lazy");
  const script = new Script(text, { filename: "crosslink.js" });
  // The cache is only taken by a V8 with the same flags: the ones it starts with.
  setFlagsFromString("--lazy");
  writeFileSync(cache, script.createCachedData());
}

function verify(text: string, cache: string): void {
  const cachedData = readFileSync(cache);
  const script = new Script(text, { filename: "crosslink.js", cachedData });
  if (script.cachedDataRejected === true)
    throw new Error("Cannot use the code cache: V8 rejects it");
}

if (import.meta.main) {
  const [verb, script = "", cache = ""] = process.argv.slice(2);
  const text = readFileSync(script, "latin1");
  if (verb === "make") make(text, cache);
  else verify(text, cache);
}
