import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { until } from "../../support/until.ts";
import type { Side } from "../leak/stage.ts";
import { mustRunIn, runIn } from "../support/command.ts";

/** A MariaDB server in a pod. */
export interface Server {
  /** What it answers, a row a line. Throws what it says where it refuses. */
  readonly ask: (sql: string) => Promise<string>;
  /** Returns once it answers. */
  readonly start: () => Promise<void>;
  /** As a node's power goes. */
  readonly kill: () => Promise<void>;
}

/** So long a server may take to start, emulated on a busy machine. */
const SLOWLY = { limitSeconds: 300, pauseMs: 500 };

/** No more than a demonstration needs, in a folder that may be in memory. */
const SMALL = [
  "--user=root",
  "--skip-name-resolve",
  "--innodb-log-file-size=4M",
  "--innodb-buffer-pool-size=16M",
  "--innodb-flush-method=fsync",
  "--innodb-use-native-aio=0",
  "--performance-schema=OFF",
];

/** Makes an empty database on a node, for a server that its pod has. */
export async function database(
  { node, pod }: Side,
  id: number,
): Promise<Server> {
  const folder = join(node.folder, "mariadb");
  const socket = join(folder, "socket");
  await mustRunIn(
    node.namespace,
    "mariadb-install-db",
    "--no-defaults",
    `--datadir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...SMALL,
  );
  const words = (sql: string) =>
    ["--no-defaults", "-uroot", "-N", "-B", `-S${socket}`, "-e", sql] as const;
  let child: ChildProcess | undefined;
  return {
    ask: async (sql) =>
      (await mustRunIn(node.namespace, "mariadb", ...words(sql))).trim(),
    start: async () => {
      child = spawn("nsenter", [
        `--net=/run/netns/${pod.namespace.name}`,
        "mariadbd",
        "--no-defaults",
        `--datadir=${folder}`,
        `--socket=${socket}`,
        `--bind-address=${pod.address()}`,
        `--server-id=${String(id)}`,
        `--log-bin=${join(folder, "log")}`,
        "--gtid-strict-mode=ON",
        "--slave-net-timeout=10",
        ...SMALL,
      ]);
      const { stderr } = child;
      let said = "";
      stderr?.setEncoding("utf8").on("data", (part: string) => {
        said = (said + part).slice(-2000);
      });
      const answers = async () =>
        (await runIn(node.namespace, "mariadb", ...words("select 1")))
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
