/** Where the build finds its tools. All come from node_modules, so that no program of the machine ends up in the product. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's folder, without a slash at the end. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(
  /\/$/,
  "",
);

/** A program that an npm package brings. */
export function bin(name: string): string {
  return `${root}/node_modules/.bin/${name}`;
}

/** The npm package with the Node that ships: its program and its headers, for this machine's architecture. */
export function nodePackage(): string {
  const path = `${root}/node_modules/node-linux-${process.arch}`;
  if (!existsSync(`${path}/bin/node`))
    throw new Error(
      `Cannot find the Node that ships: no "${path}/bin/node". Run: npm ci`,
    );
  return path;
}

/** The folder that holds `node_api.h`. */
export function nodeHeaders(): string {
  return `${nodePackage()}/include/node`;
}
