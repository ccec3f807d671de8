/** `npm run build`: the addon and the launcher, then dist/crosslink. What is up to date stays as it is. */
import { buildAddon } from "./addon.ts";
import { buildBinary } from "./binary.ts";
import { ENTRIES } from "./entries.ts";
import { buildLauncher } from "./launcher.ts";
import { root } from "./paths.ts";

await buildBinary(`${root}/dist/crosslink`, {
  entry: ENTRIES,
  addon: buildAddon(),
  launcher: buildLauncher(),
});
