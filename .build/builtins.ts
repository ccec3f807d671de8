/** How the bundle reaches Node's own modules: only what is used is loaded, and what is slow only when it is called. */
import { createRequire } from "node:module";
import type { Plugin } from "esbuild";

const require = createRequire(import.meta.url);

/** What takes milliseconds to load, and most calls never use: whole modules, or single functions of one. */
const slow = new Set([
  "child_process",
  "crypto",
  "http",
  "https",
  "util.parseArgs",
]);

/**
 * esbuild would load every imported module when the program starts: a quarter of what VERSION costs. Here
 * `import { hkdfSync } from "node:crypto"` is a function that loads the module when it is called. A name that no
 * source imports is not even read, since there are accessors among them that load more modules.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup: (build) => {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({
      path,
      namespace: "builtin",
      sideEffects: false,
    }));
    build.onLoad({ filter: /^/, namespace: "builtin" }, ({ path }) => ({
      contents: moduleText(path.slice("node:".length)),
    }));
  },
};

function moduleText(module: string): string {
  const exports = require(`node:${module}`) as Record<string, unknown>;
  const names = Object.keys(exports).filter((name) => name !== "default");
  return names.map((name) => exportText(module, name)).join("\n");
}

/** The comment lets esbuild drop what nobody imports. */
function exportText(module: string, name: string): string {
  const value = `process.getBuiltinModule("node:${module}").${name}`;
  return slow.has(module) || slow.has(`${module}.${name}`)
    ? `export function ${name}(...a) { return ${value}(...a); }`
    : `export const ${name} = /* @__PURE__ */ (() => ${value})();`;
}
