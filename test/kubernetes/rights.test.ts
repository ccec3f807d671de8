import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKeyring, step } from "../../conf/rotation.ts";
import type { Access } from "../../plugin/kubernetes/api/access.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { removeObject } from "../../plugin/kubernetes/api/remove.ts";
import { ask } from "../../plugin/kubernetes/api/request.ts";
import { keepCertificate } from "../../plugin/kubernetes/certificates/keep.ts";
import {
  asSigningRequest,
  signingRequest,
} from "../../plugin/kubernetes/certificates/signing-request.ts";
import { keepFilesTrue } from "../../plugin/kubernetes/files/keep.ts";
import { beat } from "../../plugin/kubernetes/heartbeat.ts";
import { peerCluster } from "../../plugin/kubernetes/join/join.ts";
import {
  makeAccount,
  putSecret,
} from "../../plugin/kubernetes/join/objects.ts";
import { asCluster } from "../../plugin/kubernetes/kinds.ts";
import {
  API_VERSION,
  CERTIFIED,
  KEYS,
  PATHS,
  SYSTEM,
} from "../../plugin/kubernetes/names.ts";
import { eventWriter } from "../../plugin/kubernetes/publish/events.ts";
import { publish } from "../../plugin/kubernetes/publish/publish.ts";
import { requestCertificate } from "../../plugin/x509/request.ts";
import { telling } from "../../plugin/kubernetes/publish/telling.ts";
import { binary } from "../support/binary.ts";
import { until } from "../support/until.ts";
import { calicoCrds } from "./control-plane/calico.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  installMesh,
  nodeObject,
} from "./control-plane/mesh.ts";
import { type Right, rightsIn, withoutRight } from "./control-plane/rights.ts";

const MANIFESTS = execFileSync(
  binary,
  "install --kubernetes --output yaml".split(" "),
  { encoding: "utf8" },
);
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM}/leases/crosslink-publisher`;

/** Rights that the programs do without, and why they are given. */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  "crosslink-peer get clusters": "an admin looks with a peer's token by name",
  "crosslink-peer get clusternodes": "as above",
};

const rights = rightsIn(MANIFESTS);
const keyOf = ({ verb, resource, role }: Right) => {
  const { name, namespace } = role.metadata;
  const place = namespace === undefined ? [] : [`in ${namespace}`];
  return [name, verb, resource, ...place].join(" ");
};
const rightsOf = (account: string) =>
  rights
    .filter(({ role }) => role.metadata.name === account)
    .filter((right) => NOT_ASKED_FOR[keyOf(right)] === undefined)
    .map((right) => [keyOf(right), right] as const);

/** One API server, of cluster a and, by another account, of its own peer b. */
describe("rights, each taken away once", () => {
  let plane: ControlPlaneOfATest;
  let admin: Access;
  let publisher: Access;
  let agent: Access;
  let agentOfNode: Access;
  let peer: Access;

  beforeAll(async () => {
    plane = await controlPlaneForATest();
    await installMesh(plane);
    await plane.kubectl.run("apply", "--server-side", "-f", calicoCrds());
    const kinds = ["ippools", "blockaffinities"].map(
      (kind) => `crd/${kind}.crd.projectcalico.org`,
    );
    await plane.kubectl.run("wait", "--for=condition=Established", ...kinds);
    admin = readKubeconfig(adminConfig(plane));
    // As b would make it for a.
    await makeAccount(admin, "a");
    const of = async (account: string) =>
      readKubeconfig(await accountConfig(plane, account));
    publisher = await of("crosslink-publisher");
    agent = await of("crosslink-agent");
    peer = await of("peer-a");
    const { token = "", ca = "" } = peer.credentials();
    await secret(SYSTEM, "peer-b", { token, "ca.crt": ca });
    await create(PATHS.nodes, nodeObject("n1", { internal: "192.0.2.1" }));
    agentOfNode = readKubeconfig(
      await accountConfig(plane, "crosslink-agent", {
        ...{ kind: "Node", name: "n1" },
      }),
    );
    await create(PATHS.clusters, own);
    await create(PATHS.clusters, peerCluster("b", admin.server, []));
    await using published = publishing();
    await published.settled();
  });
  afterAll(() => plane[Symbol.asyncDispose]());

  const own = {
    apiVersion: API_VERSION,
    kind: "Cluster",
    metadata: { name: "a", annotations: { [CERTIFIED]: "true" } },
    spec: { local: true, keying: "ike" },
  };
  const create = (path: string, body: object) =>
    ask(admin, { method: "POST", path, body });
  const remove = (path: string) => removeObject(admin, path);
  const secret = (
    namespace: string,
    name: string,
    texts: Readonly<Record<string, string>>,
  ) => putSecret(admin, { namespace, name }, texts);
  const slice = (name: string, ip: string) => ({
    apiVersion: API_VERSION,
    kind: "ClusterNodes",
    metadata: {
      name: `${name}-0`,
      labels: { "crosslink.io/written-by": "publisher" },
    },
    spec: { cluster: name, nodes: [{ name: "n1", ips: [ip] }] },
  });
  const statusOf = (name: string) => `${PATHS.clusters}/${name}/status`;

  /** What gives a publisher something to write. */
  const needs: Readonly<Record<string, () => Promise<unknown>>> = {
    "patch clusters/status": () => forgetStatus(),
    "create clusternodes": () => remove(`${PATHS.slices}/a-0`),
    "update clusternodes": async () => {
      await remove(`${PATHS.slices}/a-0`);
      await create(PATHS.slices, slice("a", "192.0.2.9"));
    },
    "delete clusternodes": () => create(PATHS.slices, slice("z", "192.0.2.9")),
    "create leases": () => remove(LEASE),
    "delete leases": () => heartbeat("gone"),
    "create events": () => forgetStatus(),
    "create secrets in crosslink-system": async () => {
      await certified();
      await remove(`${PATHS.secrets}/authority`);
      await forgetStatus();
    },
    "update certificatesigningrequests/approval": () => asked(),
    "update certificatesigningrequests/status": () => asked(),
    "approve signers": () => asked(),
    "sign signers": () => asked(),
    "patch secrets in crosslink-system": () => answered(),
    "delete secrets in crosslink-system": () => answered(),
    "patch secrets in crosslink-keys": () => rotated(),
    // Last: none of the others goes without it.
    "create clusters": () => remove(`${PATHS.clusters}/a`),
  };
  /** Of a Node that is no more. */
  const heartbeat = async (name: string) => {
    await remove(`${PATHS.heartbeats}/${name}`);
    await create(PATHS.heartbeats, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name },
      spec: { holderIdentity: name },
    });
  };
  const forgetStatus = () =>
    ask(admin, {
      method: "PATCH",
      path: statusOf("a"),
      contentType: "application/json-patch+json",
      body: [{ op: "add", path: "/status", value: {} }],
    });
  const answered = async () => {
    await remove(`${PATHS.clusters}/c`);
    await secret(SYSTEM, "peer-c", { allowed: '["10.30.0.0/16"]' });
    await secret(SYSTEM, "invitation-c", {
      server: "https://c.example",
      token: "t",
    });
  };
  /** As an admin says it; the publisher does not, where it makes the Cluster anew. */
  const certified = () =>
    ask(admin, {
      method: "PATCH",
      path: `${PATHS.clusters}/a`,
      body: { metadata: own.metadata, spec: own.spec },
    });
  /** n1's agent wants a certificate; returns the request's path. */
  const asked = async () => {
    await certified();
    const name = `asked-${randomUUID()}`;
    const { privateKey: key } = generateKeyPairSync("ec", {
      namedCurve: "P-384",
    });
    const request = requestCertificate(key, "n1.a");
    await ask(agentOfNode, {
      method: "POST",
      path: PATHS.requests,
      body: signingRequest(name, { request, seconds: 3600 }),
    });
    return `${PATHS.requests}/${name}`;
  };
  /** b, which is this API server too, has taken a step. */
  const rotated = async () => {
    const keyring = newKeyring(7);
    const text = (one: object) => ({ "keyring.json": JSON.stringify(one) });
    await secret(KEYS, "b", text(keyring));
    await secret(KEYS, "a", text(step(keyring, "rotate")));
  };

  const QUICK = {
    ...{ watchMs: 240_000, silenceMs: 60_000, relistMs: 600_000 },
    ...{ pauseMs: 300, longestPauseMs: 1_000 },
  };

  /** A publisher, with its log. */
  const publishing = () => {
    const lines: string[] = [];
    const stop = publish({
      access: publisher,
      // The same each time: nobody waits for a Lease.
      identity: "rights",
      name: "a",
      timing: QUICK,
      log: (level, message) => lines.push(`${level} ${message}`),
    });
    const reason = async (name: string) => {
      const path = `${PATHS.clusters}/${name}`;
      const cluster = asCluster((await ask(admin, { path })) as never);
      return cluster.status.conditions?.[0]?.reason;
    };
    return {
      lines,
      /** All is written that there is to write. */
      settled: () =>
        until(
          async () =>
            (await reason("a").catch(String)) === "Published" &&
            (await reason("b").catch(String)) === "RefusedName",
          { limitSeconds: 60, describe: () => lines.join("\n") },
        ),
      [Symbol.asyncDispose]: () => {
        stop();
        return Promise.resolve();
      },
    };
  };
  /** The Cluster has an authority that agents turn to. */
  const signing = async () => {
    await certified();
    await using published = publishing();
    await until(
      async () => {
        const path = `${PATHS.clusters}/a`;
        const { status } = asCluster((await ask(admin, { path })) as never);
        return status.discovered?.["ca"] !== undefined;
      },
      { limitSeconds: 60, describe: () => published.lines.join("\n") },
    );
  };
  /** The API server's own words for what was refused. */
  const refusalOf = ({ verb, resource }: Right) =>
    resource === "signers"
      ? `not permitted to ${verb} requests with signerName`
      : `cannot ${verb} resource "${resource}"`;
  const names = (lines: readonly string[], right: Right) =>
    until(() => lines.some((line) => line.includes(refusalOf(right))), {
      limitSeconds: 60,
      describe: () => lines.join("\n"),
    });

  it("are all looked at", () => {
    const looked = [
      "crosslink-publisher",
      "crosslink-agent",
      "crosslink-peer",
    ].flatMap((account) => rightsOf(account).map(([key]) => key));
    const all = [...looked, ...Object.keys(NOT_ASKED_FOR)];
    expect(rights.map(keyOf).sort()).toEqual(all.sort());
    expect(rights.length).toBeGreaterThan(30);
  });

  it.each(
    rightsOf("crosslink-publisher").filter(
      ([key]) => !/patch events/.test(key),
    ),
  )("%s: the publisher's log names it", async (_, right) => {
    const { verb, resource, role } = right;
    await using less = await withoutRight(admin, right, publisher);
    const need =
      needs[`${verb} ${resource}`] ??
      needs[`${verb} ${resource} in ${role.metadata.namespace ?? ""}`];
    await need?.();
    await using published = publishing();
    await names(published.lines, right);
    // It is given back while the publisher runs, which goes on then.
    await less[Symbol.asyncDispose]();
    await published.settled();
  });

  it("crosslink-publisher patch events: the publisher's log names it", async () => {
    const [right] = rights.filter(
      ({ verb, resource }) => verb === "patch" && resource === "events",
    );
    if (right === undefined) throw new Error("Nobody has the right");
    await using less = new AsyncDisposableStack();
    less.use(await withoutRight(admin, right, publisher));
    const lines: string[] = [];
    const time = { now: Date.now() };
    const clock = () => time.now;
    const writer = eventWriter(publisher, "rights", clock);
    const log = (__: string, line: string) => lines.push(line);
    const teller = telling(writer, log, clock);
    const path = `${PATHS.clusters}/a`;
    const cluster = asCluster((await ask(admin, { path })) as never);
    const news = { reason: randomUUID(), note: "", isTrouble: true };
    for (const again of [0, 1, 2]) {
      time.now += again * 40_000;
      await teller.happened(cluster, news);
      await teller.settle([cluster]);
    }
    expect(lines.join()).toContain(refusalOf(right));
  });

  it.each(rightsOf("crosslink-agent"))(
    "%s: the agent's log names it",
    async (_, right) => {
      await signing();
      await using less = new AsyncDisposableStack();
      less.use(await withoutRight(admin, right, agent));
      const folder = mkdtempSync(join(tmpdir(), "crosslink-rights-"));
      const lines: string[] = [];
      const log = (___: string, message: string) => lines.push(message);
      const certificate = keepCertificate({
        ...{ access: agent, log, folder: () => folder, node: "n1" },
      });
      const kept = keepFilesTrue({
        access: agent,
        places: () => ({
          clustersDir: join(folder, "clusters.d"),
          keyring: join(folder, "keyring.json"),
        }),
        timing: QUICK,
        log,
        onClusters: certificate.look,
      });
      await remove(`${PATHS.heartbeats}/n1`);
      const stopBeating = beat({
        access: agent,
        log: (___, message) => lines.push(message),
        pulse: () => ({ node: "n1", trouble: undefined }),
      });
      try {
        await names(lines, right);
      } finally {
        stopBeating();
        kept.stop();
        certificate.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  it.each(rightsOf("crosslink-peer"))(
    "%s: the condition of the peer's Cluster names it",
    async (_, right) => {
      await using less = new AsyncDisposableStack();
      less.use(await withoutRight(admin, right, peer));
      await using published = publishing();
      const path = `${PATHS.clusters}/b`;
      const message = async () => {
        const cluster = asCluster((await ask(admin, { path })) as never);
        return String(cluster.status.conditions?.[0]?.message);
      };
      await until(async () => (await message()).includes(refusalOf(right)), {
        limitSeconds: 60,
        describe: () => published.lines.join("\n"),
      });
    },
  );

  it("are enough: with all of them, all that was to be written is, and nothing is refused", async () => {
    for (const need of Object.values(needs)) await need();
    await using published = publishing();
    await published.settled();
    const request = await asked();
    const isThere = (path: string) =>
      ask(admin, { path }).then(
        () => true,
        () => false,
      );
    const isSigned = async (path: string) => {
      const object = (await ask(admin, { path })) as never;
      return asSigningRequest(object)?.certificate !== undefined;
    };
    await until(
      async () =>
        (await isThere(`${PATHS.clusters}/c`)) &&
        !(await isThere(`${PATHS.secrets}/invitation-c`)) &&
        !(await isThere(`${PATHS.slices}/z-0`)) &&
        !(await isThere(`${PATHS.heartbeats}/gone`)) &&
        (await isThere(`${PATHS.slices}/a-0`)) &&
        (await isSigned(request)) &&
        (await isThere(LEASE)),
      { limitSeconds: 60, describe: () => published.lines.join("\n") },
    );
    expect(published.lines.join("\n")).not.toMatch(/403|forbidden/);
  });
});
