import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/until.ts";
import {
  accountConfig,
  adminConfig,
  give,
  nodeObject,
  running,
  type Staying,
  staying,
  stayingUnnamed,
  type TwoClusters,
  twoClusters,
} from "./control-plane/mesh.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";

describe("joining, where an admin's machine reaches what pods may not", () => {
  let clusters: TwoClusters;
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;
  let publisher: Staying | undefined;

  beforeAll(async () => {
    clusters = await twoClusters();
    ({ a, b } = clusters);
    const one = { internal: "192.0.2.1", pods: "10.10.0.0/24" };
    await give(a, nodeObject("n1", one));
    const other = { internal: "192.0.2.65", pods: "10.20.0.0/24" };
    await give(b, nodeObject("m1", other));
    for (const plane of [a, b])
      await until(
        async () => (await plane.kubectl.get("clusternodes")).items.length > 0,
        { limitSeconds: 60, pauseMs: 300 },
      );
    // It holds the Lease of its cluster until it ends.
    await clusters.publishers[1]?.[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await publisher?.[Symbol.asyncDispose]();
    await clusters[Symbol.asyncDispose]();
  });

  const server = (plane: ControlPlaneOfATest) => [
    ...["--server", `https://kubernetes:${plane.port}`],
    ...["--kubeconfig", adminConfig(plane)],
  ];
  const file = () => join(a.folder, "invitation-b.json");
  const joining = () => running(b.folder, "join", file(), ...server(b));
  const secrets = async () =>
    (await b.kubectl.get("secrets", "-A")).items as unknown[];
  /** The publisher of b, which may find the name of a's API server, or not. */
  const publish = async (how: typeof staying) => {
    await publisher?.[Symbol.asyncDispose]();
    const config = await accountConfig(b, "crosslink-publisher");
    const begun = how("publish", "--name", "b", "--kubeconfig", config);
    publisher = begun;
    const holds = () =>
      begun.log().includes("this publisher holds the Lease: it writes");
    await until(holds, { limitSeconds: 60, describe: begun.log });
  };

  it("is refused before anything is written, with what is in the way", async () => {
    const words = ["--cluster-pod-cidrs", "10.20.0.0/16", ...server(a)];
    expect((await running(a.folder, "invite", "b", ...words)).code).toBe(0);
    expect(existsSync(file())).toBe(true);
    await publish(stayingUnnamed);
    const { code, said } = await joining();
    expect(said).toContain('from inside of "b" https://kubernetes:');
    expect(said).toMatch(
      /no name server knows the name|the name server does not answer/u,
    );
    expect(code).toBe(1);
    expect(await secrets()).toEqual([]);
    const { items } = await b.kubectl.get("clusters");
    expect(items).toHaveLength(1);
  });

  it("goes on where the publisher gets there, and leaves no question behind", async () => {
    await publish(staying);
    const { code, said } = await joining();
    expect(said).toBe(
      `Joined "a"; \`crosslink peers\` shows when both have read each other. The invitation is used up: rm ${file()}\n`,
    );
    expect(code).toBe(0);
    const names = ((await secrets()) as { metadata: { name: string } }[]).map(
      ({ metadata }) => metadata.name,
    );
    expect(names.sort()).toEqual(["a", "peer-a"]);
  });

  it("warns where no publisher answers", async () => {
    await running(b.folder, "leave", "a", "--kubeconfig", adminConfig(b));
    await running(a.folder, "leave", "b", "--kubeconfig", adminConfig(a));
    await publisher?.[Symbol.asyncDispose]();
    const words = ["--cluster-pod-cidrs", "10.10.0.0/16", ...server(b)];
    expect((await running(b.folder, "invite", "a", ...words)).code).toBe(0);
    await clusters.publishers[0]?.[Symbol.asyncDispose]();
    const invitation = join(b.folder, "invitation-a.json");
    const joined = await running(a.folder, "join", invitation, ...server(a));
    expect(joined.said).toContain('The publisher of "a" does not answer');
    expect(joined.said).toContain('Joined "b"');
    expect(joined.code).toBe(0);
  });
});
