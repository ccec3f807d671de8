import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../cluster.ts";
import { serviceManifest } from "../control-plane/manifests.ts";
import {
  type ProxyMode,
  startKubeProxy,
  stopKubeProxy,
} from "../node/kube-proxy.ts";
import type { Node } from "../node/node.ts";
import { inOffice, OFFICE_HOST, officeFinds } from "../office.ts";
import type { Pod } from "../pod.ts";
import { answered, serve, WEB_PORT } from "../web.ts";
import type { World } from "../world.ts";

const NODE_PORT = 30080;

/** A cluster with a service, whose only backend is on the second node. */
interface Served {
  readonly cluster: Cluster;
  /** The first node and the pod there. */
  readonly node: Node;
  readonly client: Pod;
  readonly backend: Pod;
  /** The service's. */
  readonly address: string;
}

/** Services behind a real kube-proxy, with crosslink in the chain of the pods that ask and answer. */
export function services(theWorld: () => World): void {
  describe("services", () => {
    let served: readonly Served[];

    beforeAll(async () => {
      const { east, west, ground } = theWorld();
      served = await Promise.all([east, west].map(serveOn));
      for (const { cluster, node } of served)
        await officeFinds(ground.stage, cluster.services, node);
    });

    // Mode ipvs is played where a kernel surely has it: services.test.ts.
    for (const mode of ["iptables", "nftables"] as const)
      describe(`by kube-proxy in mode ${mode}`, () => {
        reached(theWorld, () => served, mode);
      });
  });
}

function reached(
  theWorld: () => World,
  theServed: () => readonly Served[],
  mode: ProxyMode,
): void {
  beforeAll(() =>
    onEachNode(theServed(), (node, { cluster: { pods }, address: service }) =>
      startKubeProxy(node, mode, { pods, service }),
    ),
  );
  afterAll(() => onEachNode(theServed(), stopKubeProxy));

  it("leads the office to a pod on another node, by the service's address and by a node's port", async () => {
    const inIt = (command: readonly string[]) =>
      inOffice(theWorld().ground.stage, command);
    for (const { node, backend, address } of theServed())
      for (const [where, port] of [
        [address, 80],
        [node.address, NODE_PORT],
      ] as const) {
        const { server, client } = await answered(inIt, where, port);
        expect(server).toBe(backend.name);
        // Else the answer would not come back by the node that made the translation.
        expect(await node.run(["ip", "-o", "-4", "addr"])).toContain(
          ` ${client}/`,
        );
      }
  });

  it("leads pods to a service of their own cluster, with their own addresses, and a backend to itself", async () => {
    for (const { client, backend, address } of theServed()) {
      expect(await answered(client.run, address, 80)).toEqual({
        server: backend.name,
        client: client.address,
      });
      const itself = await answered(backend.run, address, 80);
      expect(itself.server).toBe(backend.name);
    }
  });

  it("leaves pods their own addresses on the way to the office", async () => {
    for (const { client, backend } of theServed())
      for (const pod of [client, backend])
        expect(await answered(pod.run, OFFICE_HOST, WEB_PORT)).toEqual({
          server: "office",
          client: pod.address,
        });
  });
}

async function onEachNode(
  served: readonly Served[],
  act: (node: Node, one: Served) => Promise<void>,
): Promise<void> {
  await Promise.all(
    served.flatMap((one) => one.cluster.nodes.map((node) => act(node, one))),
  );
}

async function serveOn(cluster: Cluster): Promise<Served> {
  const [first, second] = cluster.nodes;
  const [client, backend] = await Promise.all([
    cluster.pod({ name: "web-client", node: first!.name }),
    cluster.pod({ name: "web", node: second!.name }),
  ]);
  await serve(backend);
  const ports = { targetPort: WEB_PORT, nodePort: NODE_PORT };
  await cluster.apply(serviceManifest({ name: "web", pod: "web", ...ports }));
  const { spec } = await cluster.kubectl.get("service", "web");
  const address = String(spec.clusterIP);
  return { cluster, node: first!, client, backend, address };
}
