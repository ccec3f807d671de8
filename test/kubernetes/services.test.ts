import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestMissing } from "../support/guest/machine.ts";
import { serviceOf } from "./control-plane/manifests.ts";
import { CNI_BIN } from "./crosslink.ts";
import {
  type LightCluster,
  lightPod,
  type LightWorld,
  startLightWorld,
} from "./light.ts";
import { type ProxyMode, startKubeProxy } from "./node/kube-proxy.ts";
import type { Node } from "./node/node.ts";
import type { Pod } from "./pod.ts";
import { answered, serve, WEB_PORT } from "./web.ts";
import { wire, type WireRecording } from "./wire.ts";

const missing = guestMissing();

/** The ports of every node of east at which its services are: for whoever asks, and for who shall keep its address. */
const PORTS = { web: 30080, local: 30081, abroad: 30082 } as const;

/** Whose services, and who is there. */
interface Served extends LightWorld {
  /** The pod behind them, on east's second node. */
  readonly backend: Pod;
  /** A pod on east's first node, to which others' packets for services come. */
  readonly near: Pod;
  /** A pod of west. */
  readonly client: Pod;
  /** Addresses of east's services: in front of the backend, and in front of west's pod. */
  readonly web: string;
  readonly abroad: string;
  /** West's, in front of its pod. */
  readonly far: string;
}

describe.skipIf(missing !== undefined)(
  `services of another cluster, encrypted, by kube-proxy${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    let world: LightWorld | undefined;
    let served: Served;
    beforeAll(async () => {
      world = await startLightWorld(say);
      served = await serveEast(world);
    });
    afterAll(() => world?.[Symbol.asyncDispose]());

    // In this order: each of them takes away what the one before has made.
    for (const mode of ["iptables", "nftables", "ipvs"] as const)
      describe(`in mode ${mode}`, () => {
        reached(() => served, mode);
        if (mode === "ipvs") withoutConntrack(() => served);
      });
  },
);

function reached(theServed: () => Served, mode: ProxyMode): void {
  let stop: () => Promise<WireRecording>;

  beforeAll(async () => {
    const { stage, east, west, web, far } = theServed();
    say(`starts kube-proxy in mode ${mode}`);
    await Promise.all([
      ...east.nodes.map((node) => proxy(node, mode, east, web)),
      ...west.nodes.map((node) => proxy(node, mode, west, far)),
    ]);
    say(`it has found its services`);
    ({ stop } = await wire(stage, mode));
  });
  // What it has made stays until the next one takes it away: `kube-proxy --cleanup` takes an emulated processor a minute.
  afterAll(async () => {
    say(`mode ${mode} is done`);
    const { east, west } = theServed();
    for (const node of [...east.nodes, ...west.nodes]) {
      await node.stop("kube-proxy");
    }
  });

  it("leads a pod by a service's address to a pod on another node, which sees the first node's address", async () => {
    const { client, backend, web, east } = theServed();
    expect(await answered(client.run, web, 80)).toEqual({
      server: backend.name,
      client: east.nodes[0]!.address,
    });
  });

  it("leads a pod by a service's address to a pod on that node itself, which sees the node's address among its pods", async () => {
    const { client, near, far } = theServed();
    expect(await answered(near.run, far, 80)).toEqual({
      server: client.name,
      client: gateOf(client),
    });
  });

  it("leads a pod by a node's port, at the node's address among its pods, to a pod on another node", async () => {
    const { client, near, backend, east } = theServed();
    expect(await answered(client.run, gateOf(near), PORTS.web)).toEqual({
      server: backend.name,
      client: east.nodes[0]!.address,
    });
  });

  it("leaves a pod its own address at the port of a service whose policy is Local", async () => {
    const { client, backend } = theServed();
    expect(await answered(client.run, gateOf(backend), PORTS.local)).toEqual({
      server: backend.name,
      client: client.address,
    });
  });

  it("leads a pod by a service of its own cluster to a pod of that, for which its base masquerades", async () => {
    const { near, backend, web } = theServed();
    expect(await answered(near.run, web, 80)).toEqual({
      server: backend.name,
      client: near.node.address,
    });
  });

  it("leads a pod by a service of its own cluster to a pod of the other, which sees the pod's own address", async () => {
    const { client, near, abroad } = theServed();
    expect(await answered(near.run, abroad, 80)).toEqual({
      server: client.name,
      client: near.address,
    });
  });

  it("had nothing pass between the clusters in clear text", async () => {
    const seen = await stop();
    expect(await seen.count("esp")).toBeGreaterThan(40);
    expect(await seen.show(await clear(theServed()), 5)).toBe("");
  });
}

/** As where something has set the sysctl back. */
function withoutConntrack(theServed: () => Served): void {
  const crosslink = (command: string) => {
    const [node] = theServed().east.nodes;
    return node!.try([`${CNI_BIN}/crosslink`, command]);
  };
  const set = (value: 0 | 1) => {
    const [node] = theServed().east.nodes;
    return node!.run(["sysctl", "-qw", `net.ipv4.vs.conntrack=${value}`]);
  };

  it("has nothing to declare with vs.conntrack, as kube-proxy sets it", async () => {
    for (const command of ["plan", "status"])
      expect((await crosslink(command)).stdout).not.toContain("IPVS");
  });

  it("is named by plan and status without it", async () => {
    const { client } = theServed();
    await set(0);
    for (const command of ["plan", "status"])
      expect((await crosslink(command)).stdout).toContain(
        `IPVS has services while the sysctl net.ipv4.vs.conntrack is 0: what it sends to its servers ${client.address} passes xfrm in clear text`,
      );
  });

  it("is all right again with it", async () => {
    const { near, client, abroad } = theServed();
    await set(1);
    for (const command of ["plan", "status"])
      expect((await crosslink(command)).stdout).not.toContain("IPVS");
    const { server } = await answered(near.run, abroad, 80);
    expect(server).toBe(client.name);
  });
}

async function serveEast(world: LightWorld): Promise<Served> {
  const { east, west } = world;
  say("makes three pods");
  const [near, backend, client] = await Promise.all([
    lightPod(east.nodes[0]!, "near"),
    lightPod(east.nodes[1]!, "backend"),
    lightPod(west.nodes[0]!, "client"),
  ]);
  await Promise.all([serve(backend), serve(client)]);
  const own = { address: backend.address, node: backend.node.name };
  const abroad = { address: client.address };
  await east.kubectl.apply([
    ...service("web", own),
    ...service("local", own),
    ...service("abroad", abroad),
  ]);
  await west.kubectl.apply(service("web", abroad));
  return {
    ...{ ...world, near, backend, client },
    web: await addressOf(east, "web"),
    abroad: await addressOf(east, "abroad"),
    far: await addressOf(west, "web"),
  };
}

async function addressOf(
  { kubectl }: LightCluster,
  name: keyof typeof PORTS,
): Promise<string> {
  return String((await kubectl.get("service", name)).spec.clusterIP);
}

function service(
  name: keyof typeof PORTS,
  endpoint: { readonly address: string; readonly node?: string },
) {
  const ports = { targetPort: WEB_PORT, nodePort: PORTS[name] };
  return serviceOf({ name, endpoint, ...ports, isLocal: name === "local" });
}

async function proxy(
  node: Node,
  mode: ProxyMode,
  { pods }: LightCluster,
  service: string,
): Promise<void> {
  await startKubeProxy(node, mode, { pods, service, nodePorts: pods });
}

/** The address that a pod's node has among its pods. */
function gateOf({ address }: Pod): string {
  return address.replace(/\d+$/, "1");
}

/** Whatever is not ESP at west's node, but for what its kube-proxy asks the API server. */
async function clear({ west }: Served): Promise<string> {
  const device = "/sys/class/net/eth0/address";
  const mac = (await west.nodes[0]!.run(["cat", device])).trim();
  return `ether host ${mac} and ip and not esp and not host 10.0.2.2`;
}

function say(sentence: string): void {
  console.log(
    `services ${new Date().toISOString().slice(11, 19)}: ${sentence}`,
  );
}
