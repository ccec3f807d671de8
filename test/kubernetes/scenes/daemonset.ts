import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { OPS } from "../../support/agent/ops-files.ts";
import { binary } from "../../support/binary.ts";
import { until } from "../../support/until.ts";
import type { Cluster, Ground } from "../cluster.ts";
import type { Manifest } from "../control-plane/kubectl.ts";
import { clusterFile, placeConflist } from "../crosslink.ts";
import { crosslinkImage } from "../crosslink-image.ts";
import { importImage } from "../images.ts";
import { runCalicoInstaller } from "../node/calico-installer.ts";
import type { Node } from "../node/node.ts";
import { officeFile } from "../office.ts";
import type { World } from "../world.ts";
import { reachesOffice } from "./expect.ts";

const NAMESPACE = ["-n", "kube-system"];
const SELECTED = ["-l", "app.kubernetes.io/name=crosslink"];

/** The agent of conf/ops/kubernetes.yaml, in pods that kubelets start of an image as its Containerfile makes it. */
export function daemonset(theWorld: () => World): void {
  describe("the DaemonSet", () => {
    const cluster = (): Cluster => theWorld().west;

    beforeAll(async () => {
      const { ground, west } = theWorld();
      const archive = crosslinkImage(ground.folder);
      for (const node of west.nodes) await importImage(node, archive);
      await giveFiles(ground, west);
    });

    it("waits on a node without a conflist and makes none; once its base has written one, crosslink is its last plugin", async () => {
      const { kubectl, nodes } = cluster();
      for (const node of nodes)
        await node.run(["bash", "-c", "rm -f /etc/cni/net.d/*.conflist"]);
      await kubectl.apply(manifests());
      await until(async () => (await phases(cluster())).every(isInstalling), {
        limitSeconds: 120,
        pauseMs: 500,
        describe: () => "no init container waits",
      });
      for (const node of nodes)
        expect(await node.run(["ls", "/etc/cni/net.d"])).not.toContain(
          "conflist",
        );
      await writeBaseConflists(cluster());
      await agentsReady(cluster());
      for (const node of nodes) expect(await pluginsOf(node)).toEqual(CHAIN);
    });

    it("serves the calls of kubelets", async () => {
      const pod = await cluster().pod({ name: "served", node: "west-1" });
      await reachesOffice(pod);
      const said = await metrics(cluster().nodes[0]!);
      expect(said).toMatch(
        /crosslink_cni_calls_total\{[^}]*command="ADD"[^}]*\} [1-9]/,
      );
      await cluster().remove("served");
    });

    it.each([
      ["by rename", writeBaseConflists],
      ["in place, by Calico's own installer", installBaseConflists],
    ])(
      "puts crosslink back, once and last, whenever the base writes its conflist anew %s",
      async (_, write) => {
        const { nodes } = cluster();
        for (let time = 0; time < 3; time += 1) {
          await write(cluster(), theWorld().ground);
          for (const node of nodes)
            await until(async () => (await pluginsOf(node)).length === 3, {
              limitSeconds: 20,
              pauseMs: 100,
              describe: () => `${node.name} has no crosslink in its conflist`,
            });
          for (const node of nodes)
            expect(await pluginsOf(node)).toEqual(CHAIN);
        }
      },
    );

    it("makes a pod right that started without crosslink, and names it", async () => {
      const { kubectl, nodes } = cluster();
      const daemons = ["daemonset", "crosslink", ...NAMESPACE];
      const patch = (selector: object) =>
        kubectl.run(
          ...["patch", ...daemons, "--type=merge", "-p"],
          JSON.stringify({
            spec: { template: { spec: { nodeSelector: selector } } },
          }),
        );
      await patch({ nowhere: "yes" });
      await until(async () => (await phases(cluster())).length === 0, {
        limitSeconds: 120,
        pauseMs: 500,
      });
      await writeBaseConflists(cluster());
      const before = await labels(nodes[0]!);
      await cluster().pod({ name: "bare", node: "west-1" });
      expect(await labels(nodes[0]!)).toBe(before);
      await patch({ nowhere: null });
      await agentsReady(cluster());
      let log = "";
      await until(
        async () => {
          log = await logsOf(nodes[0]!);
          return log.includes("a pod started without crosslink in its chain");
        },
        { limitSeconds: 60, pauseMs: 1000, describe: () => log },
      );
      expect(await labels(nodes[0]!)).toBe(before + 1);
      await cluster().remove("bare");
    });
  });
}

const CHAIN = ["calico", "portmap", "crosslink"];

/** The ConfigMap and the Secret that the manifest wants to be there first. */
async function giveFiles(ground: Ground, cluster: Cluster): Promise<void> {
  const keyring = join(ground.folder, "daemonset-keyring.json");
  execFileSync(binary, ["keygen", "--keyring", keyring]);
  const files = [await clusterFile(cluster), officeFile()];
  const paths = files.map((file) => {
    const path = join(ground.folder, `daemonset-${file.name}.json`);
    writeFileSync(path, JSON.stringify(file));
    return `--from-file=${file.name}.json=${path}`;
  });
  const { run } = cluster.kubectl;
  await run(
    ...["create", "configmap", "crosslink-clusters", ...NAMESPACE, ...paths],
  );
  await run(
    ...["create", "secret", "generic", "crosslink-keyring", ...NAMESPACE],
    `--from-file=keyring.json=${keyring}`,
  );
}

function manifests(): Manifest[] {
  const text = readFileSync(join(OPS, "kubernetes.yaml"), "utf8");
  return parseAllDocuments(text).map((each) => each.toJS() as Manifest);
}

async function writeBaseConflists({ base, nodes }: Cluster): Promise<void> {
  for (const node of nodes)
    await placeConflist(node, base.cni, base.conflist(node));
}

async function installBaseConflists(
  { base, nodes }: Cluster,
  { programs }: Ground,
): Promise<void> {
  for (const node of nodes)
    await runCalicoInstaller(node, programs, base.conflist(node));
}

async function pluginsOf(node: Node): Promise<string[]> {
  const text = await node.run(["cat", "/etc/cni/net.d/10-calico.conflist"]);
  const { plugins } = JSON.parse(text) as { plugins: { type: string }[] };
  return plugins.map(({ type }) => type);
}

interface PodState {
  readonly status: {
    readonly initContainerStatuses?: readonly {
      readonly name: string;
      readonly state: { readonly running?: object };
    }[];
    readonly containerStatuses?: readonly { readonly ready: boolean }[];
  };
}

async function phases({ kubectl }: Cluster): Promise<PodState[]> {
  const { items } = (await kubectl.get("pods", ...NAMESPACE, ...SELECTED)) as {
    items: PodState[];
  };
  return items;
}

function isInstalling({ status }: PodState): boolean {
  return (
    status.initContainerStatuses?.some(
      ({ name, state }) => name === "install" && state.running !== undefined,
    ) ?? false
  );
}

async function agentsReady(cluster: Cluster): Promise<void> {
  let seen: PodState[] = [];
  await until(
    async () => {
      seen = await phases(cluster);
      return (
        seen.length === cluster.nodes.length &&
        seen.every(({ status }) => status.containerStatuses?.[0]?.ready)
      );
    },
    {
      limitSeconds: 180,
      pauseMs: 500,
      describe: () => JSON.stringify(seen.map(({ status }) => status)),
    },
  );
}

/** What its agents have logged. Not by kubectl: no API server here finds a kubelet. */
function logsOf(node: Node): Promise<string> {
  const files = "/var/log/pods/kube-system_crosslink-*/agent/*.log";
  return node.run(["bash", "-c", `cat ${files} 2>/dev/null || true`]);
}

function metrics(node: Node): Promise<string> {
  const socket = ["--unix-socket", "/run/crosslink/metrics.sock"];
  return node.run(["curl", "-s", ...socket, "http://localhost/metrics"]);
}

/** How many of a node's devices carry an attachment's label. */
async function labels(node: Node): Promise<number> {
  const shown = await node.run(["ip", "link"]);
  return shown.match(/alias crosslink /g)?.length ?? 0;
}
