import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIdentity } from "../../../plugin/ike/charon/node-identity.ts";
import type { Access } from "../../../plugin/kubernetes/api/access.ts";
import { readKubeconfig } from "../../../plugin/kubernetes/api/kubeconfig.ts";
import { keepCertificate } from "../../../plugin/kubernetes/certificates/keep.ts";
import { keepFilesTrue } from "../../../plugin/kubernetes/files/keep.ts";
import {
  makeAccount,
  putSecret,
} from "../../../plugin/kubernetes/join/objects.ts";
import { until } from "../../support/until.ts";
import type { ControlPlaneOfATest } from "./for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  give,
  nodeObject,
  type TwoClusters,
  twoClusters,
} from "./mesh.ts";

/** Two clusters, of which `a` certifies its nodes n1, n2 and n3; publishers and agents have the rights of their accounts. */
export interface CertifiedClusters extends TwoClusters {
  readonly folder: string;
}

/** An agent's share on a node of `a`: its files, and its certificate. */
export interface CertifiedAgent extends Disposable {
  readonly place: string;
  readonly lines: readonly string[];
  readonly waitsFor: () => string | undefined;
  readonly identity: () => ReturnType<typeof readIdentity>;
  readonly held: () => X509Certificate;
  readonly file: () => { readonly ca: string; readonly keying: string };
}

/** Starts them. */
export async function certifiedClusters(): Promise<CertifiedClusters> {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-certificates-"));
  const clusters = await twoClusters();
  const { a, b } = clusters;
  for (const at of [0, 1, 2]) await give(a, nodeOfA(at));
  await give(
    b,
    nodeObject("m1", { internal: "192.0.2.65", pods: "10.20.0.0/24" }),
  );
  await holds(clusters, () => a.kubectl.get("cluster", "a"));
  await a.kubectl.run(
    ...["annotate", "cluster", "a", "crosslink.io/certificates=true"],
  );
  const spec = JSON.stringify({ spec: { keying: "ike" } });
  await a.kubectl.run("patch", "cluster", "a", "--type=merge", "-p", spec);
  return {
    ...clusters,
    folder,
    [Symbol.asyncDispose]: async () => {
      await clusters[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Node n1, n2 or n3. */
export function nodeOfA(at: number) {
  return nodeObject(`n${at + 1}`, {
    ...{ internal: `192.0.2.${at + 1}`, pods: `10.10.${at}.0/24` },
  });
}

/** Waits until a look finds something. */
export function holds(
  { publishers }: Pick<TwoClusters, "publishers">,
  look: () => Promise<unknown>,
): Promise<void> {
  let found: unknown;
  return until(
    async () => {
      found = await look().catch(String);
      return Boolean(found) && typeof found !== "string";
    },
    {
      ...{ limitSeconds: 60, pauseMs: 300 },
      describe: () =>
        `${String(found)}\n${publishers.map((one) => one.log()).join("\n")}`,
    },
  );
}

/** The authority of a Cluster as this control plane has it. */
export async function published(
  { kubectl }: ControlPlaneOfATest,
  name: string,
): Promise<string> {
  return String((await kubectl.get("cluster", name)).status.discovered?.ca);
}

/** Access by a token as kubelet's: of the agents' account, bound to a pod on this node. */
export async function podOn(
  { a }: CertifiedClusters,
  node: string,
): Promise<Access> {
  const name = `agent-on-${node}`;
  await give(a, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "crosslink-system" },
    spec: {
      ...{ serviceAccountName: "crosslink-agent", nodeName: node },
      containers: [{ name: "agent", image: "crosslink:0.1.0" }],
      tolerations: [{ operator: "Exists" }],
    },
  });
  const bound = { kind: "Pod", name } as const;
  return readKubeconfig(await accountConfig(a, "crosslink-agent", bound));
}

/** Starts an agent's share. */
export async function agentOn(
  clusters: CertifiedClusters,
  node: string,
  {
    name = node,
    clock = Date.now,
    seconds = 3600,
    access = podOn(clusters, node),
  } = {},
): Promise<CertifiedAgent> {
  const place = join(clusters.folder, `${node}-${name}`);
  const lines: string[] = [];
  const given = {
    access: await access,
    log: (_: string, line: string) => lines.push(line),
  };
  const certificate = keepCertificate({
    ...{ ...given, folder: () => place, node: name, clock, seconds },
  });
  const keyring = join(place, "keyring.json");
  const clustersDir = join(place, "clusters.d");
  const kept = keepFilesTrue({
    ...{ ...given, places: () => ({ clustersDir, keyring }) },
    onClusters: certificate.look,
  });
  return {
    ...{ place, lines, waitsFor: certificate.waitsFor },
    identity: () => readIdentity(place, `${name}.a`),
    held: () =>
      new X509Certificate(readFileSync(join(place, "node.crt"), "utf8")),
    file: () => {
      const text = readFileSync(join(clustersDir, "a.json"), "utf8");
      return JSON.parse(text) as ReturnType<CertifiedAgent["file"]>;
    },
    [Symbol.dispose]: () => {
      kept.stop();
      certificate.stop();
    },
  };
}

/** Waits until an agent can prove who it is. */
export function proven(
  clusters: CertifiedClusters,
  agent: CertifiedAgent,
): Promise<void> {
  return holds(clusters, () =>
    Promise.resolve(typeof agent.identity() === "object" && { agent }),
  );
}

/** Lets `b` read `a`, as an invitation and its answer would. */
export async function letRead({ a, b }: CertifiedClusters): Promise<void> {
  await makeAccount(readKubeconfig(adminConfig(a)), "b");
  const config = JSON.parse(
    readFileSync(await accountConfig(a, "peer-b"), "utf8"),
  );
  const { cluster } = config.clusters[0];
  await putSecret(
    readKubeconfig(adminConfig(b)),
    { namespace: "crosslink-system", name: "peer-a" },
    {
      token: config.users[0].user.token,
      "ca.crt": Buffer.from(
        String(cluster["certificate-authority-data"]),
        "base64",
      ).toString(),
    },
  );
  const peer = { server: cluster.server, allowedCIDRs: ["10.10.0.0/16"] };
  await give(b, {
    apiVersion: "crosslink.io/v1alpha1",
    kind: "Cluster",
    metadata: { name: "a" },
    spec: { peer },
  });
}
