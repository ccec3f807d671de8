import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import {
  charonConfiguration,
  charonPlaces,
} from "../../../plugin/ike/charon/configuration.ts";
import { CHARON } from "../../../plugin/ike/charon/process.ts";
import { until } from "../../support/until.ts";
import { SLOWLY } from "../agent/nodes.ts";
import { runIn } from "../support/command.ts";
import type { Node } from "../support/topology.ts";
import { ikeFolder } from "./stage.ts";

/** A charon on a node in place of an agent's, told what a file of swanctl's says; keys are in `private` beside that. */
export async function charonByHand(
  node: Node,
  file: string,
): Promise<AsyncDisposable> {
  const places = charonPlaces(ikeFolder(node));
  mkdirSync(places.folder, { recursive: true });
  writeFileSync(places.configuration, charonConfiguration(places));
  const charon = spawn(
    "nsenter",
    [
      `--net=/run/netns/${node.namespace.name}`,
      ...["env", `STRONGSWAN_CONF=${places.configuration}`, CHARON],
    ],
    { stdio: "ignore" },
  );
  const load = [
    ...["env", `SWANCTL_DIR=${dirname(file)}`, "swanctl", "--load-all"],
    ...["--file", file, "--uri", `unix://${places.viciSocket}`],
  ] as const;
  let said = "";
  await until(
    async () => {
      const loaded = await runIn(node.namespace, ...load);
      said = loaded.stdout + loaded.stderr;
      return loaded.status === 0;
    },
    { ...SLOWLY, describe: () => said },
  );
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(charon, "exit");
      charon.kill();
      await ended;
    },
  };
}
