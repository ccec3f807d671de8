/** How the bundle reaches Node's own modules: only what is used is loaded, and what is slow only when it is called. */
import { createRequire } from "node:module";
import type { Plugin } from "esbuild";

const require = createRequire(import.meta.url);

/** What Node has loaded anyhow when a program starts. Loading any other takes milliseconds, and most calls never use it. */
const ready = new Set(["fs", "os", "path", "sea", "util"]);

/** But for these of its functions, which load more when they are looked at. */
const slow = new Set(["util.parseArgs"]);

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
  const isFunction = (name: string): boolean =>
    typeof Object.getOwnPropertyDescriptor(exports, name)?.value === "function";
  return names
    .map((name) => exportText(module, name, isFunction(name)))
    .join("\n");
}

/** The comment lets esbuild drop what nobody imports. */
function exportText(module: string, name: string, isFunction: boolean): string {
  const value = `process.getBuiltinModule("node:${module}").${name}`;
  const isSlow = !ready.has(module) || slow.has(`${module}.${name}`);
  // Of a class `new` makes one, as it would have.
  return isSlow && isFunction
    ? `export function ${name}(...a) { return new.target ? new (${value})(...a) : ${value}(...a); }`
    : `export const ${name} = /* @__PURE__ */ (() => ${value})();`;
}
