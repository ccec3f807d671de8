import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import {
  charonConfiguration,
  charonPlaces,
} from "../../plugin/ike/charon/configuration.ts";
import { CHARON } from "../../plugin/ike/charon/process.ts";
import { SLOWLY } from "../e2e/agent/nodes.ts";
import { writeRouterFiles } from "../e2e/ike/router-files.ts";
import { ikeFolder } from "../e2e/ike/stage.ts";
import { mustRunIn, runIn } from "../e2e/support/command.ts";
import type { Node } from "../e2e/support/topology.ts";
import { until } from "../support/until.ts";

/** A charon on a node, with what `crosslink routes` prints for the router or routers of the node's cluster, and policies of its own. */
export async function startByHand(node: Node): Promise<Disposable> {
  const { file } = await writeRouterFiles(node);
  const places = charonPlaces(ikeFolder(node));
  mkdirSync(places.folder, { recursive: true });
  writeFileSync(places.configuration, charonConfiguration(places));
  await mustRunIn(
    node.namespace,
    ...["iptables-legacy", "-t", "nat", "-I", "POSTROUTING"],
    ...["-m", "policy", "--dir", "out", "--pol", "ipsec", "-j", "ACCEPT"],
  );
  const charon = spawn(
    "nsenter",
    [
      `--net=/run/netns/${node.namespace.name}`,
      ...["env", `STRONGSWAN_CONF=${places.configuration}`, CHARON],
    ],
    { stdio: "ignore" },
  );
  const load = ["--load-all", "--file", file];
  const uri = ["--uri", `unix://${places.viciSocket}`];
  await until(
    async () =>
      (await runIn(node.namespace, "swanctl", ...load, ...uri)).status === 0,
    SLOWLY,
  );
  return { [Symbol.dispose]: () => charon.kill() };
}
