import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import {
  agentOn as agentIn,
  type CertifiedAgent,
  type CertifiedClusters,
  certifiedClusters,
  holds as holdsIn,
  letRead,
  podOn,
  proven as provenIn,
  published,
} from "./control-plane/certified.ts";
import type { ControlPlaneOfATest } from "./control-plane/for-a-test.ts";
import { accountConfig, staying } from "./control-plane/mesh.ts";

/** Without the first. */
type Without<Words extends readonly unknown[]> = Words extends [
  unknown,
  ...infer Rest,
]
  ? Rest
  : never;

/** Two control planes; publishers and agents have the rights of their service accounts, by tokens that are bound as kubelet's are. */
describe("nodes' certificates, before real API servers with RBAC", () => {
  let clusters: CertifiedClusters;
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;

  beforeAll(async () => {
    clusters = await certifiedClusters();
    ({ a, b } = clusters);
  });
  afterAll(() => clusters[Symbol.asyncDispose]());

  const holds = (look: () => Promise<unknown>) => holdsIn(clusters, look);
  const agentOn = (...words: Without<Parameters<typeof agentIn>>) =>
    agentIn(clusters, ...words);
  const proven = (agent: CertifiedAgent) => provenIn(clusters, agent);
  const refused = async (agent: CertifiedAgent, words: string) => {
    await holds(() =>
      Promise.resolve(agent.waitsFor()?.includes("is denied") === true && {}),
    );
    expect(agent.waitsFor()).toContain(words);
    expect(agent.lines.join("\n")).toContain(words);
    expect(typeof agent.identity()).toBe("string");
  };
  const requests = async () =>
    (await a.kubectl.get("csr")).items as {
      metadata: { name: string };
      status: {
        certificate?: string;
        conditions?: { type: string; message: string }[];
      };
    }[];

  it("are signed for a node's own agent, and openssl takes them by what the cluster's file says", async () => {
    using agent = await agentOn("n1");
    await proven(agent);
    expect(statSync(join(agent.place, "node.key")).mode & 0o777).toBe(0o600);
    const { ca, keying } = agent.file();
    expect(keying).toBe("ike");
    writeFileSync(join(agent.place, "ca.crt"), ca);
    const verified = execFileSync(
      "openssl",
      "verify -x509_strict -verify_hostname n1.a -CAfile ca.crt node.crt".split(
        " ",
      ),
      { cwd: agent.place, encoding: "utf8" },
    );
    expect(verified).toContain("OK");
    const [one, ...others] = await requests();
    expect(others).toEqual([]);
    expect(one?.metadata.name).toMatch(/^crosslink-n1-/);
    expect(one?.status.conditions?.map(({ type }) => type)).toEqual([
      "Approved",
    ]);
  });

  it("are not another node's to ask for, and kubectl says why", async () => {
    using agent = await agentOn("n2", { name: "n1" });
    const words = `it asks for the name "n1.a", and its node's is "n2.a"`;
    await refused(agent, words);
    const denied = (await requests()).flatMap(
      ({ status }) => status.conditions ?? [],
    );
    expect(denied).toContainEqual(
      expect.objectContaining({ type: "Denied", message: words }),
    );
    await holds(async () => {
      const described = await a.kubectl.run("describe", "cluster", "a");
      return /Warning +CertificateDenied .*"n2\.a"/.test(described) && {};
    });
  });

  it("are for no token that is bound to no node, and for no node that is gone", async () => {
    const unbound = readKubeconfig(await accountConfig(a, "crosslink-agent"));
    {
      using agent = await agentOn("n3", { access: Promise.resolve(unbound) });
      await refused(agent, "bound to no node");
    }
    const access = podOn(clusters, "n3");
    await access;
    await a.kubectl.run("delete", "node", "n3");
    using agent = await agentOn("n3", { name: "n3.gone", access });
    await refused(agent, 'there is no Node "n3"');
  });

  it("are renewed after two thirds of their life, for the same key", async () => {
    const time = { ahead: 0 };
    const clock = () => Date.now() + time.ahead;
    using agent = await agentOn("n2", { clock, seconds: 600 });
    await proven(agent);
    const [first, key] = [
      agent.held(),
      readFileSync(join(agent.place, "node.key")),
    ];
    const life = first.validToDate.getTime() - Date.now();
    expect(life).toBeLessThanOrEqual(600_000);
    // What is left is less than a third of it now; as after a restart.
    time.ahead = 320_000;
    agent[Symbol.dispose]();
    using again = await agentOn("n2", { clock, seconds: 600 });
    await holds(() =>
      Promise.resolve(again.held().serialNumber !== first.serialNumber && {}),
    );
    time.ahead = 0; // the new one is not due
    expect(typeof again.identity()).toBe("object");
    expect(readFileSync(join(again.place, "node.key")).equals(key)).toBe(true);
  });

  it("outlive their publisher: another one has the same authority, and signs nothing again", async () => {
    const before = await published(a, "a");
    const versions = async () =>
      (await requests())
        .filter(({ status }) => status.certificate !== undefined)
        .map(({ metadata }) => JSON.stringify(metadata));
    const had = await versions();
    for (const publisher of clusters.publishers)
      await publisher[Symbol.asyncDispose]();
    const config = await accountConfig(a, "crosslink-publisher");
    await using next = staying(
      "publish",
      "--name",
      "a",
      "--kubeconfig",
      config,
    );
    using agent = await agentOn("n1", { name: "n1", seconds: 7200 });
    await holds(() => Promise.resolve(next.log().includes("it writes") && {}));
    rmSync(join(agent.place, "node.key"));
    rmSync(join(agent.place, "node.crt"));
    agent[Symbol.dispose]();
    using anew = await agentOn("n1", { name: "n1", seconds: 7200 });
    await proven(anew);
    expect(await published(a, "a")).toBe(before);
    expect(await versions()).toEqual(expect.arrayContaining(had));
    expect(next.log()).not.toMatch(/ 403|forbidden|PRIVATE/i);
  });

  it("come of a key that nobody but the publisher reads", async () => {
    const agent = "system:serviceaccount:crosslink-system:crosslink-agent";
    const words = ["secret/authority", "-n", "crosslink-system", "--as", agent];
    for (const verb of ["get", "list", "watch", "patch", "delete"]) {
      const said = await a.kubectl
        .run("auth", "can-i", verb, ...words)
        .catch((error: unknown) => String(error));
      expect(said).not.toMatch(/^yes/);
    }
    const secret = await a.kubectl.get(
      "secret",
      "authority",
      "-n",
      "crosslink-system",
    );
    const key = Buffer.from(String(secret.data["ca.key"]), "base64").toString();
    const line = key.split("\n")[1] ?? "";
    expect(line).toHaveLength(64);
    for (const one of clusters.publishers)
      expect(one.log()).not.toContain(line);
  });

  it("are believed by a peer, which is told the authority's certificate and nothing else of it", async () => {
    await letRead(clusters);
    await using publisher = staying(
      ...["publish", "--name", "b", "--kubeconfig"],
      await accountConfig(b, "crosslink-publisher"),
    );
    await holds(
      async () => (await published(b, "a")).startsWith("-----BEGIN") && {},
    );
    expect(publisher.log()).not.toMatch(/ 403|forbidden/i);
    expect(await published(b, "a")).toBe(await published(a, "a"));
    expect(JSON.stringify(await b.kubectl.get("cluster", "a"))).not.toContain(
      "PRIVATE",
    );
  });
});
