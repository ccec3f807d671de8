import { execFileSync } from "node:child_process";
import type { X509Certificate } from "node:crypto";
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { obtain } from "../../plugin/kubernetes/certificates/obtain.ts";
import { keepFilesTrue } from "../../plugin/kubernetes/files/keep.ts";
import {
  type RevocationList,
  readRevocationList,
} from "../../plugin/x509/revocation.ts";
import {
  agentOn,
  type CertifiedClusters,
  certifiedClusters,
  holds as holdsIn,
  letRead,
  nodeOfA,
  podOn,
  proven,
  published,
} from "./control-plane/certified.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";
import { accountConfig, give } from "./control-plane/mesh.ts";

/** What a file says of its cluster's authority and nodes. */
interface FileOfA {
  readonly ca: string;
  readonly crl?: string;
  readonly nodes: readonly { readonly name: string }[];
}

/** Cluster a revokes, and b's publisher and agent hear of it; all have the rights of their service accounts. */
describe("nodes' certificates that are revoked, before real API servers with RBAC", () => {
  let clusters: CertifiedClusters;
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;
  let file: string;
  const stack = new AsyncDisposableStack();

  beforeAll(async () => {
    clusters = stack.use(await certifiedClusters());
    ({ a, b } = clusters);
    await letRead(clusters);
    const { folder } = clusters;
    const clustersDir = join(folder, "of-b/clusters.d");
    const kept = keepFilesTrue({
      access: readKubeconfig(await accountConfig(b, "crosslink-agent")),
      log: () => undefined,
      places: () => ({
        ...{ clustersDir, keyring: join(folder, "of-b/keyring.json") },
      }),
    });
    stack.defer(kept.stop);
    file = join(clustersDir, "a.json");
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const holds = (look: () => unknown) =>
    holdsIn(clusters, async () => ((await look()) === true ? { look } : false));
  const annotate = (word: string) =>
    a.kubectl.run("annotate", "--overwrite", "cluster", "a", word);

  /** What b's node has of a, as its charon is told it. */
  const atPeer = () => JSON.parse(readFileSync(file, "utf8")) as FileOfA;
  const listAtPeer = (): RevocationList => {
    const { ca, crl } = atPeer();
    return crl === undefined
      ? { number: 0, revoked: [] }
      : readRevocationList(crl, ca);
  };
  const revokedAtPeer = ({ serialNumber }: X509Certificate) =>
    holds(() =>
      listAtPeer().revoked.some(({ serial }) => serial === serialNumber),
    );
  const namesAtPeer = () => atPeer().nodes.map(({ name }) => name);

  /** What openssl says of a certificate, by what b's node has. */
  const verified = (certificate: X509Certificate) => {
    const { ca, crl = "" } = atPeer();
    const cwd = mkdtempSync(join(clusters.folder, "verified-"));
    writeFileSync(join(cwd, "ca.crt"), ca);
    writeFileSync(join(cwd, "list.crl"), crl);
    writeFileSync(join(cwd, "node.crt"), certificate.toString());
    const words =
      "verify -x509_strict -crl_check -CAfile ca.crt -CRLfile list.crl node.crt";
    try {
      return execFileSync("openssl", words.split(" "), {
        ...{ cwd, encoding: "utf8", stdio: "pipe" },
      });
    } catch (error) {
      return String((error as { readonly stderr?: unknown }).stderr);
    }
  };

  /** The condition Ready of Cluster a. */
  const readiness = async ({ kubectl }: ControlPlaneOfATest) => {
    const { conditions } = (await kubectl.get("cluster", "a")).status;
    type Condition = Readonly<Record<"type" | "reason" | "message", string>>;
    return (conditions as Condition[]).find(({ type }) => type === "Ready");
  };

  /** An agent of n1 that asks whatever it is told, by this key where one is given, is denied. */
  const denied = async (key: string | undefined, sentence: string) => {
    const place = mkdtempSync(join(clusters.folder, "asks-"));
    if (key !== undefined) copyFileSync(key, join(place, "node.key"));
    const ca = await published(a, "a");
    const access = await podOn(clusters, "n1");
    const asking = {
      ...{ access, log: () => undefined, folder: () => place, node: "n1" },
    };
    await holds(async () => {
      const standing = await obtain(asking, { cluster: "a", ca });
      return "sentence" in standing && standing.sentence.includes(sentence);
    });
  };

  it("are in the list of each of the peer's nodes by one annotation, and their node gets another one, for another key, without it", async () => {
    using agent = await agentOn(clusters, "n1");
    await proven(clusters, agent);
    const held = agent.held();
    const key = join(clusters.folder, "the-first.key");
    copyFileSync(join(agent.place, "node.key"), key);

    await annotate("crosslink.io/revoked=n1,n9");
    await revokedAtPeer(held);
    expect(verified(held)).toContain("certificate revoked");
    expect(listAtPeer().revoked).toMatchObject([{ identity: "n1.a" }]);
    await holds(() => agent.waitsFor()?.includes("crosslink.io/revoked"));
    await holds(async () => {
      const said = await a.kubectl.run("describe", "cluster", "a");
      return /Normal +CertificateRevoked .*"n1\.a"/.test(said);
    });
    await denied(undefined, "crosslink.io/revoked");
    expect(await readiness(a)).toMatchObject({
      reason: "NotRevoked",
      message: expect.stringContaining('names "n9"'),
    });

    await annotate("crosslink.io/revoked-");
    await holds(() => agent.held().serialNumber !== held.serialNumber);
    await proven(clusters, agent);
    expect(agent.held().publicKey.equals(held.publicKey)).toBe(false);
    expect(verified(agent.held())).toContain("OK");
    expect(verified(held)).toContain("certificate revoked");
    // As Kubernetes does within the hour: the first request has its answer still.
    await a.kubectl.run("delete", "csr", "--all");
    await denied(key, "its key was revoked");
    for (const { log } of clusters.publishers)
      expect(log()).not.toMatch(/ 403|forbidden|PRIVATE/i);
  });

  it("go with their Node, and are no other's of its name", async () => {
    using agent = await agentOn(clusters, "n2");
    await proven(clusters, agent);
    const held = agent.held();
    await holds(() => namesAtPeer().includes("n2"));
    await a.kubectl.run("delete", "node", "n2");
    await holds(() => !namesAtPeer().includes("n2"));
    const before = listAtPeer().number;
    expect(verified(held)).toContain("OK");
    await give(a, nodeOfA(1));
    await revokedAtPeer(held);
    expect(listAtPeer().number).toBeGreaterThan(before);
    expect(verified(held)).toContain("certificate revoked");
    expect(namesAtPeer()).toContain("n2");
  });

  it("stay so, whatever list is in the place of their authority's", async () => {
    const [ofA] = clusters.publishers;
    await ofA?.[Symbol.asyncDispose]();
    const { crl = "" } = atPeer();
    expect(crl).not.toBe("");
    const listOfA = (patch: object) =>
      a.kubectl.run(
        ...["patch", "cluster", "a", "--subresource=status", "--type=json"],
        ...[
          "-p",
          JSON.stringify([{ path: "/status/discovered/crl", ...patch }]),
        ],
      );
    const reason = async () => (await readiness(b))?.reason;
    const forged = crl.replace(/.{8}(?==*\n-----END)/, "AAAAAAAA");
    await listOfA({ op: "replace", value: forged });
    await holds(async () => (await reason()) === "RefusedRevocations");
    expect(atPeer().crl).toBe(crl);
    await listOfA({ op: "remove" });
    await holds(async () => (await reason()) === "Read");
    expect(atPeer().crl).toBe(crl);
  });
});
