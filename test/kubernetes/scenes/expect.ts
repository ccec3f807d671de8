import { expect } from "vitest";
import { until } from "../../support/until.ts";
import type { Cluster } from "../cluster.ts";
import type { Node } from "../node/node.ts";
import { stateOf } from "../node/state.ts";
import { OFFICE_HOST } from "../office.ts";
import type { Pod } from "../pod.ts";

/** A pod reaches a host of the office. */
export async function reachesOffice(pod: Pod): Promise<void> {
  const said = await pod.run(["ping", "-c", "3", "-W", "5", OFFICE_HOST]);
  expect(said, pod.name).toContain("3 packets received");
}

/** A pod that comes and goes on a node leaves it as it was. */
export async function leavesNothing(
  cluster: Cluster,
  node: Node,
  name: string,
): Promise<void> {
  const before = await stateOf(node);
  const pod = await cluster.pod({ name, node: node.name });
  expect(await stateOf(node)).not.toBe(before);
  await cluster.remove(pod.name);
  await until(async () => (await stateOf(node)) === before, {
    limitSeconds: 60,
    pauseMs: 500,
    describe: () => `${node.name} is not as it was before ${name}`,
  });
}

/** What events say of pods' sandboxes that could not be made. */
export async function failedSandboxes(
  { kubectl }: Cluster,
  isMeant: (pod: string) => boolean,
): Promise<string[]> {
  const { items } = (await kubectl.get(
    "events",
    "--field-selector=reason=FailedCreatePodSandBox",
  )) as { items: { message: string; involvedObject: { name: string } }[] };
  return items
    .filter(({ involvedObject }) => isMeant(involvedObject.name))
    .map(({ message }) => message);
}
