/** Packages from npm that only an agent, or a command by kubeconfig, needs: a bundle of their own, which a CNI call neither reads nor runs. */
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { root } from "./paths.ts";

const require = createRequire(import.meta.url);

const PACKAGES = ["pino", "prom-client", "yaml"];

/** Modules of our own that stay there with their packages, from the project's root. */
const ROOMS = ["certificate", "key", "request", "revocation"].map(
  (name) => `plugin/x509/${name}.ts`,
);

/** What the loader knows this bundle by, and the main bundle asks the loader for. */
export const PACKAGES_NAME = "packages.js";

/**
 * In the main bundle `import { pino } from "pino"` becomes a function that loads the package when it is called. Only
 * functions and classes can be imported so; esbuild refuses other names.
 */
export const lazyPackages: Plugin = {
  name: "lazy-packages",
  setup: (build) => {
    const filter = new RegExp(`^(${PACKAGES.join("|")})$`);
    build.onResolve({ filter }, ({ path }) => ({
      path,
      namespace: "lazy-package",
    }));
    build.onResolve(
      { filter: new RegExp(`^${PACKAGES_NAME}$`) },
      ({ path }) => ({
        path,
        external: true,
      }),
    );
    build.onResolve({ filter: /\/x509\/\w+\.ts$/ }, ({ path, resolveDir }) => {
      const room = relative(root, resolve(resolveDir, path));
      return ROOMS.includes(room)
        ? { path: room, namespace: "lazy-room" }
        : undefined;
    });
    build.onLoad({ filter: /^/, namespace: "lazy-package" }, ({ path }) => ({
      contents: functionsOf(path, `require("${PACKAGES_NAME}")["${path}"]()`),
    }));
    build.onLoad({ filter: /^/, namespace: "lazy-room" }, ({ path }) => ({
      contents: functionsOf(
        join(root, path),
        `require("${PACKAGES_NAME}")["${path}"]()`,
      ),
    }));
  },
};

/** What few addresses need: a module of a package that takes a millisecond to load. */
const RARE = /^ip-num\//;

/** Such a module stays in the bundle, and runs when one of its functions is first called. */
export const rarePackages: Plugin = {
  name: "rare-packages",
  setup: (build) => {
    build.onResolve({ filter: RARE }, ({ path, kind }) =>
      kind === "import-statement"
        ? { path, namespace: "rare-package" }
        : undefined,
    );
    build.onLoad({ filter: RARE, namespace: "rare-package" }, ({ path }) => ({
      contents: functionsOf(path, `require("${path}")`),
      resolveDir: root,
    }));
  },
};

/**
 * Parts that nobody here calls, and that would load more of Node: threads, TLS, clusters of processes. Twenty
 * megabytes of an agent's memory.
 */
const UNUSED =
  /^\.\/(lib\/)?(transport|multistream|pushgateway|cluster|defaultMetrics|summary)$/;

const withoutUnused: Plugin = {
  name: "without-unused",
  setup: (build) => {
    build.onResolve({ filter: UNUSED }, ({ path }) => ({
      path,
      namespace: "unused",
    }));
    build.onLoad({ filter: /^/, namespace: "unused" }, () => ({
      contents: "",
    }));
  },
};

/** One CommonJS text that exports a function for each package, which loads it. */
export async function bundlePackages(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: [
        ...PACKAGES.map((name) => [name, name] as const),
        ...ROOMS.map((name) => [name, `./${name}`] as const),
      ]
        .map(([name, path]) => `exports["${name}"] = () => require("${path}");`)
        .join("\n"),
      resolveDir: root,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    plugins: [withoutUnused],
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** Functions that have `load` give the package when they are called. */
function functionsOf(name: string, load: string): string {
  const exports = require(name) as Record<string, unknown>;
  return Object.keys(exports)
    .filter((key) => typeof exports[key] === "function" && /^\w+$/.test(key))
    .filter((key) => key !== "default")
    .map(
      (key) => `export function ${key}(...a) {
  const value = ${load}.${key};
  return new.target === undefined ? value(...a) : new value(...a);
}`,
    )
    .join("\n");
}
