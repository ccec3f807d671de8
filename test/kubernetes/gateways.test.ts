import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadClusters } from "../../conf/clusters.ts";
import type { Access } from "../../plugin/kubernetes/api/access.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { ask } from "../../plugin/kubernetes/api/request.ts";
import { beat } from "../../plugin/kubernetes/heartbeat.ts";
import { asCluster } from "../../plugin/kubernetes/kinds.ts";
import { API_VERSION, PATHS } from "../../plugin/kubernetes/names.ts";
import { activeGateway } from "../../plugin/mesh/members.ts";
import { until } from "../support/until.ts";
import { becomes as becomesIn } from "./control-plane/becomes.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  followingAgent,
  installMesh,
  nodeObject,
  type Staying,
  staying,
} from "./control-plane/mesh.ts";

/** A cluster with two gateways and a leaf, whose kubelets are played; agents beat with the rights of their own service account. */
describe("the gateway in use, before a real API server", () => {
  const stops: (() => unknown)[] = [];
  const ready = new Map<string, string>();
  const beats = new Map<string, () => void>();
  const lines: string[] = [];
  let plane: ControlPlaneOfATest;
  let admin: Access;
  let agent: Access;
  let publisher: Staying;

  beforeAll(async () => {
    plane = await controlPlaneForATest();
    await installMesh(plane);
    admin = readKubeconfig(adminConfig(plane));
    agent = readKubeconfig(await accountConfig(plane, "crosslink-agent"));
    const gateway = { "crosslink.io/gateway": "true" };
    await addNode("gw-1", "192.0.2.1", "10.10.0.0/24", gateway);
    await addNode("gw-2", "192.0.2.2", "10.10.1.0/24", gateway);
    await addNode("leaf", "192.0.2.3", "10.10.2.0/24");
    const kubelets = setInterval(() => void playKubelets(), 3_000);
    stops.push(() => {
      clearInterval(kubelets);
    });
    await playKubelets();
    const spec = { local: true, mode: "gateway", podCIDRs: ["10.10.0.0/16"] };
    await create(PATHS.clusters, {
      ...{ apiVersion: API_VERSION, kind: "Cluster" },
      ...{ metadata: { name: "a" }, spec },
    });
    for (const node of ["gw-1", "gw-2"]) startBeating(node);
    publisher = await startPublisher();
    const files = await followingAgent(plane);
    stops.push(() => {
      files[Symbol.dispose]();
    });
  });
  afterAll(async () => {
    for (const stop of [...beats.values(), ...stops]) stop();
    await publisher[Symbol.asyncDispose]();
    await plane[Symbol.asyncDispose]();
  });

  const create = (path: string, body: object) =>
    ask(admin, { method: "POST", path, body });
  const addNode = async (
    name: string,
    internal: string,
    pods: string,
    annotations = {},
  ) => {
    await create(
      PATHS.nodes,
      nodeObject(name, { internal, pods, annotations }),
    );
    ready.set(name, "True");
  };
  /** Says of each node what a kubelet would; the controller manager calls one that says nothing Unknown. */
  const playKubelets = async () => {
    const now = new Date().toISOString();
    for (const [name, status] of ready) {
      const times = { lastHeartbeatTime: now, lastTransitionTime: now };
      const condition = { type: "Ready", status, reason: "Played", ...times };
      await ask(admin, {
        method: "PATCH",
        path: `${PATHS.nodes}/${name}/status`,
        contentType: "application/strategic-merge-patch+json",
        body: { status: { conditions: [condition] } },
      }).catch((error: unknown) => lines.push(String(error)));
    }
  };
  const startBeating = (node: string) => {
    const stop = beat({
      access: agent,
      log: (_, line) => lines.push(line),
      pulse: () => ({ node, trouble: undefined }),
    });
    beats.set(node, stop);
  };
  const stopBeating = (node: string) => {
    beats.get(node)?.();
  };
  const startPublisher = async () =>
    staying(
      ...["publish", "--name", "a", "--kubeconfig"],
      await accountConfig(plane, "crosslink-publisher"),
    );
  /** The nodes that slices call active. */
  const actives = async () => {
    const { items } = await plane.kubectl.get("clusternodes");
    const nodes = items.flatMap(({ spec }: any) => spec.nodes); // eslint-disable-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call -- what kubectl prints
    return (nodes as { name: string; active?: boolean }[])
      .filter(({ active }) => active)
      .map(({ name }) => name);
  };
  const condition = async () => {
    const path = `${PATHS.clusters}/a`;
    const { status } = asCluster((await ask(admin, { path })) as never);
    const found = status.conditions?.find(({ type }) => type === "Gateway");
    return `${found?.status ?? ""} ${found?.reason ?? ""}: ${found?.message ?? ""}`;
  };
  /** Whatever was said of it before: on a busy machine all may be silent for a while. */
  const isInUse = (name: string) => async () =>
    (await condition()).startsWith(`True InUse: ${name} is in use`);
  const becomes = (look: () => Promise<unknown>, wanted: unknown) =>
    becomesIn(look, wanted, {
      limitSeconds: 90,
      log: () => [publisher.log(), ...lines].join("\n"),
    });
  /** Which one a node's files have in use. */
  const inFiles = () => {
    const [own] = loadClusters(join(plane.folder, "node", "clusters.d"));
    return Promise.resolve(own && activeGateway(own).name);
  };

  it("is one of the two, in the slice and in an agent's file", async () => {
    await becomes(actives, ["gw-1"]);
    await becomes(isInUse("gw-1"), true);
    await becomes(inFiles, "gw-1");
  });

  it("is the other one once its agent is silent", async () => {
    stopBeating("gw-1");
    await becomes(actives, ["gw-2"]);
    await becomes(isInUse("gw-2"), true);
    await becomes(inFiles, "gw-2");
    await becomes(async () => {
      const described = await plane.kubectl.run("describe", "cluster", "a");
      const told =
        /Normal +GatewayInUse .*gw-2 is in use; gw-1 was, and its agent has not been heard/;
      return told.test(described);
    }, true);
  });

  it("stays that one when the first is back, and when another publisher looks after it", async () => {
    startBeating("gw-1");
    await publisher[Symbol.asyncDispose]();
    publisher = await startPublisher();
    await until(() => publisher.log().includes("it writes"), {
      limitSeconds: 60,
      describe: publisher.log,
    });
    // What it writes after this one it has decided.
    await addNode("late", "192.0.2.4", "10.10.3.0/24");
    await becomes(async () => {
      const { items } = await plane.kubectl.get("clusternodes");
      return JSON.stringify(items).includes('"late"');
    }, true);
    expect(await actives()).toEqual(["gw-2"]);
    expect(await condition()).toMatch(/gw-2 (is|stays) in use/);
  });

  it("is the first again once the Node of the second is not Ready", async () => {
    ready.set("gw-2", "False");
    await playKubelets();
    await becomes(actives, ["gw-1"]);
    await becomes(isInUse("gw-1"), true);
    await becomes(inFiles, "gw-1");
  });

  it("stays where none is better, which is said", async () => {
    stopBeating("gw-1");
    stopBeating("gw-2");
    await becomes(
      condition,
      "False NoneBetter: gw-1 stays in use, though its agent has not been heard for 10 s: no other gateway is better",
    );
    expect(await actives()).toEqual(["gw-1"]);
  });

  it("needs no right but those that are there", () => {
    const all = [publisher.log(), ...lines].join("\n");
    expect(all).not.toMatch(/ 403|forbidden/i);
  });
});
