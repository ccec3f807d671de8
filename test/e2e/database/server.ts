import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Server } from "../../support/mariadb/replication.ts";
import {
  clientCommand,
  installCommand,
  serverCommand,
} from "../../support/mariadb/words.ts";
import { until } from "../../support/until.ts";
import type { Side } from "../leak/stage.ts";
import { mustRunIn, runIn } from "../support/command.ts";

/** A MariaDB server in a pod. */
export interface PodServer extends Server {
  /** Returns once it answers. */
  readonly start: () => Promise<void>;
  /** As a node's power goes. */
  readonly kill: () => Promise<void>;
}

/** So long a server may take to start, emulated on a busy machine. */
const SLOWLY = { limitSeconds: 300, pauseMs: 500 };

/** Makes an empty database on a node, for a server that its pod has. */
export async function database(
  { node, pod }: Side,
  id: number,
): Promise<PodServer> {
  const folder = join(node.folder, "mariadb");
  await mustRunIn(node.namespace, ...installCommand(folder));
  let child: ChildProcess | undefined;
  return {
    ask: async (sql) =>
      (await mustRunIn(node.namespace, ...clientCommand(folder, sql))).trim(),
    start: async () => {
      const address = pod.address();
      child = spawn("nsenter", [
        `--net=/run/netns/${pod.namespace.name}`,
        ...serverCommand({ folder, address, id }),
      ]);
      const { stderr } = child;
      let said = "";
      stderr?.setEncoding("utf8").on("data", (part: string) => {
        said = (said + part).slice(-2000);
      });
      const answers = async () =>
        (await runIn(node.namespace, ...clientCommand(folder, "select 1")))
          .status === 0;
      await until(answers, { ...SLOWLY, describe: () => said });
    },
    kill: async () => {
      if (child === undefined) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
