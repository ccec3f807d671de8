/**
 * The program without the fence's second layer, so that the bench can say what that costs. Nobody else gets it: the built
 * program has no such option.
 */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { buildAddon } from "../../../.build/addon.ts";
import { buildBinary } from "../../../.build/binary.ts";
import { ENTRIES } from "../../../.build/entries.ts";
import { buildLauncher } from "../../../.build/launcher.ts";

const folder = fileURLToPath(
  new URL("../../results/policies-only", import.meta.url),
);

/** Stands where plugin/fence/rules.ts would. */
const withoutRules: Plugin = {
  name: "without-rules",
  setup(build) {
    build.onLoad({ filter: /\/plugin\/fence\/rules\.ts$/ }, ({ path }) => ({
      contents: readFileSync(join(import.meta.dirname, "no-rules.ts"), "utf8"),
      loader: "ts",
      resolveDir: dirname(path),
    }));
  },
};

/** Builds it unless it is there, and returns the folder that it is in, with the launcher where a build has it. */
export async function policiesOnly(): Promise<string> {
  const launcher = buildLauncher();
  const output = join(folder, "dist/crosslink");
  await buildBinary(output, {
    entry: ENTRIES,
    addon: buildAddon(),
    launcher,
    plugins: [withoutRules],
  });
  const beside = join(folder, "native/build");
  mkdirSync(beside, { recursive: true });
  copyFileSync(launcher, join(beside, "launcher"));
  return dirname(output);
}
