import type { Server } from "../support/mariadb/replication.ts";
import { clientCommand, serverCommand } from "../support/mariadb/words.ts";
import { until } from "../support/until.ts";
import type { PodWords } from "./control-plane/manifests.ts";
import { EMPTY_DATABASE, MARIADB } from "./mariadb-image.ts";
import type { Pod } from "./pod.ts";

/** Where a pod has its database: a volume, which a new container of the same pod finds as the last one left it. */
const FOLDER = "/database";

const START = `
  [ -e "$0/is-copied" ] || { cp -a ${EMPTY_DATABASE}/. "$0" && >"$0/is-copied"; }
  exec "$@"`;

/** A pod that is a database's server. @param id among the servers that replicate to each other */
export function databaseWords(
  { name, node }: PodWords & { readonly node: string },
  id: number,
): PodWords {
  // Which address it will have is not known before.
  const server = serverCommand({ folder: FOLDER, address: "0.0.0.0", id });
  const container = {
    name: "main",
    image: MARIADB,
    imagePullPolicy: "Never",
    command: ["sh", "-c", START, FOLDER, ...server],
    volumeMounts: [{ name: "database", mountPath: FOLDER }],
  };
  return {
    name,
    node,
    spec: {
      containers: [container],
      volumes: [{ name: "database", emptyDir: {} }],
    },
  };
}

/** The server in such a pod, once it answers. */
export async function serverIn(pod: Pod): Promise<Server> {
  const ask: Server["ask"] = async (sql) =>
    (await pod.run(clientCommand(FOLDER, sql))).trim();
  let said = "";
  const answers = () =>
    ask("select 1").then(
      () => true,
      (error: unknown) => {
        said = String(error);
        return false;
      },
    );
  await until(answers, {
    limitSeconds: 900,
    pauseMs: 1000,
    describe: () => said,
  });
  return { ask };
}
