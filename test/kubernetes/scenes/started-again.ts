import { until } from "../../support/until.ts";
import type { Cluster } from "../cluster.ts";
import type { Pod } from "../pod.ts";

/** The same pod, in a sandbox of its node's new life. */
export async function startedAgain(
  cluster: Cluster,
  before: Pod,
): Promise<Pod> {
  let pod = before;
  const isNew = async () => {
    // The API server shows the old one until the kubelet is there again.
    pod = await cluster.running(before.name).catch(() => before);
    return pod.id !== before.id;
  };
  await until(isNew, { limitSeconds: 900, pauseMs: 1000 });
  return pod;
}
