import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKeyring } from "../../conf/rotation.ts";
import { isErrno } from "../../files/errno.ts";
import type { Access } from "../../plugin/kubernetes/api/access.ts";
import { readKubeconfig } from "../../plugin/kubernetes/api/kubeconfig.ts";
import { removeObject } from "../../plugin/kubernetes/api/remove.ts";
import { ask } from "../../plugin/kubernetes/api/request.ts";
import { keepFilesTrue } from "../../plugin/kubernetes/files/keep.ts";
import { peerCluster } from "../../plugin/kubernetes/join/join.ts";
import {
  makeAccount,
  makeToken,
  putSecret,
} from "../../plugin/kubernetes/join/objects.ts";
import { asCluster } from "../../plugin/kubernetes/kinds.ts";
import { KEYS, PATHS, SYSTEM } from "../../plugin/kubernetes/names.ts";
import { publish } from "../../plugin/kubernetes/publish/publish.ts";
import { until } from "../support/until.ts";
import { type FaultProxy, faultProxy } from "./control-plane/fault-proxy.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./control-plane/for-a-test.ts";
import {
  accountConfig,
  adminConfig,
  installMesh,
  nodeObject,
  type Staying,
  staying,
} from "./control-plane/mesh.ts";

/** As patient as a test wants it: what takes minutes takes seconds. */
const QUICK = {
  ...{ watchMs: 2_000, silenceMs: 4_000, relistMs: 600_000 },
  ...{ pauseMs: 200, longestPauseMs: 1_000 },
};

/** Cluster a with an agent, which reads it through a proxy, as a's publisher reads b. */
describe("whatever fails, no file goes, it is said, and it heals", () => {
  const stops: (() => unknown)[] = [];
  const lines: string[] = [];
  const log = (who: string) => (level: string, message: string) =>
    lines.push(`${who} ${level} ${message}`);
  let a: ControlPlaneOfATest;
  let b: ControlPlaneOfATest;
  let admin: Access;
  let adminOfB: Access;
  let toA: FaultProxy;
  let toB: FaultProxy;
  let folder: string;
  let stopPublisher: () => void = () => undefined;

  const holds = (what: () => unknown, name = String(what)) =>
    until(
      async () => {
        try {
          return Boolean(await what());
        } catch {
          return false;
        }
      },
      {
        limitSeconds: 60,
        pauseMs: 100,
        describe: () => `${name}\n${lines.slice(-30).join("\n")}`,
      },
    );
  /** Says it from now on. */
  const says = (who: string, sentence: string, from = lines.length) =>
    holds(
      () =>
        lines
          .slice(from)
          .some((line) => line.startsWith(who) && line.includes(sentence)),
      `${who}: ${sentence}`,
    );
  const file = (name: string) => join(folder, `clusters.d/${name}.json`);
  const read = (name: string) => readFileSync(file(name), "utf8");
  const path = (name: string) => `${PATHS.clusters}/${name}`;
  const condition = async (name: string) => {
    const answer = await ask(admin, { path: path(name) });
    return asCluster(answer as never).status.conditions?.[0];
  };
  const reasonIs = (name: string, reason: string) =>
    holds(async () => (await condition(name))?.reason === reason, reason);
  const publishA = async () => {
    const access = await accountOf(a, "crosslink-publisher");
    const identity = `a${String(lines.length)}`;
    const publisher = { access, identity, name: "a", timing: QUICK };
    stopPublisher = publish({ ...publisher, log: log("publisher") });
  };
  const accountOf = async (plane: ControlPlaneOfATest, account: string) =>
    readKubeconfig(await accountConfig(plane, account));
  const addNode = (access: Access, node: ReturnType<typeof nodeObject>) =>
    ask(access, { method: "POST", path: PATHS.nodes, body: node });
  let touched = 0;
  /** A change, and that it has arrived. */
  const follows = async (before: () => unknown = () => undefined) => {
    const ip = `203.0.113.${String(++touched)}`;
    await ask(admin, {
      method: "PATCH",
      path: `${PATHS.nodes}/n1`,
      body: { metadata: { annotations: { "crosslink.io/elastic-ip": ip } } },
    });
    await before();
    await holds(() => read("a").includes(`"${ip}"`), `${ip} arrives`);
  };
  /** What b is read by. */
  const giveToken = async () => {
    await makeAccount(adminOfB, "a");
    const { token } = await makeToken(adminOfB, "peer-a", 3_600);
    const place = { namespace: SYSTEM, name: "peer-b" };
    await putSecret(admin, place, { token, "ca.crt": toB.ca() });
  };
  const joinB = async () => {
    await giveToken();
    const keyring = JSON.stringify(newKeyring(7));
    const place = { namespace: KEYS, name: "b" };
    await putSecret(admin, place, { "keyring.json": keyring });
    await ask(admin, {
      method: "POST",
      path: PATHS.clusters,
      body: peerCluster("b", toB.server, ["10.20.0.0/16"]),
    });
    await reasonIs("b", "Read");
  };
  const databases = () => globSync(join(a.folder, "db.sqlite*"));
  const backup = () => join(a.folder, "backup");

  beforeAll(async () => {
    a = await controlPlaneForATest();
    b = await controlPlaneForATest({
      pods: "10.20.0.0/16",
      services: "10.97.0.0/16",
    });
    await Promise.all([installMesh(a), installMesh(b)]);
    [admin, adminOfB] = [a, b].map((one) =>
      readKubeconfig(adminConfig(one)),
    ) as [Access, Access];
    // Of before anybody joined.
    await a.withoutApi(() => {
      mkdirSync(backup());
      for (const one of databases())
        copyFileSync(one, join(backup(), basename(one)));
      return Promise.resolve();
    });
    toA = await faultProxy(admin, a.folder);
    toB = await faultProxy(adminOfB, b.folder);
    await addNode(
      admin,
      nodeObject("n1", { internal: "192.0.2.1", pods: "10.10.0.0/24" }),
    );
    await addNode(
      adminOfB,
      nodeObject("m1", { internal: "192.0.2.65", pods: "10.20.0.0/24" }),
    );
    await publishA();
    stops.push(() => {
      stopPublisher();
    });
    const access = await accountOf(b, "crosslink-publisher");
    const publisher = { access, identity: "b", name: "b", timing: QUICK };
    stops.push(publish({ ...publisher, log: log("b") }));
    folder = join(a.folder, "node");
    mkdirSync(join(folder, "clusters.d"), { recursive: true });
    const disk = join(folder, "clusters.d");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    stops.push(() => execFileSync("umount", [disk]));
    const { token } = (await accountOf(a, "crosslink-agent")).credentials();
    const kept = keepFilesTrue({
      access: {
        server: toA.server,
        credentials: () => ({ token, ca: toA.ca() }),
      },
      places: () => ({
        clustersDir: disk,
        keyring: join(folder, "keyring.json"),
      }),
      timing: QUICK,
      log: log("agent"),
    });
    stops.push(kept.stop);
    await holds(() => existsSync(file("a")));
    await joinB();
    await holds(() => existsSync(file("b")));
  });
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop();
    for (const one of [toA, toB, a, b]) await one[Symbol.asyncDispose]();
  });

  it.each([
    ["429", { status: 429, headers: { "retry-after": "1" } }, "429"],
    ["500", { status: 500 }, "500"],
    ["a login page", { status: 200 }, "no JSON came back"],
    ["nobody there", "gone", "the connection was cut"],
  ] as const)("%s", async (_, fault, sentence) => {
    const before = [read("a"), read("b")];
    toA.fault(fault);
    await says("agent warn", sentence);
    expect([read("a"), read("b")]).toEqual(before);
    toA.fault(undefined);
    await follows();
  });

  it("a watch that stalls without closing", async () => {
    toA.stall();
    await follows(() => says("agent warn", "there is no answer"));
  });

  it("the API server and its store killed, and back", async () => {
    const before = [read("a"), read("b")];
    await a.withoutApi(() =>
      Promise.all([
        says("agent warn", "Cannot"),
        says("publisher warn", "nobody listens there"),
      ]),
    );
    expect([read("a"), read("b")]).toEqual(before);
    await follows();
  });

  it("an object edited by hand into nonsense", async () => {
    const before = read("b");
    const edit = (podCIDRs: readonly string[] | null) =>
      ask(admin, {
        method: "PATCH",
        path: path("b"),
        body: { spec: { podCIDRs } },
      });
    const said = says("agent warn", "is not a part of the cluster's own");
    await edit(["10.10.0.0/24"]);
    await said;
    expect(read("b")).toBe(before);
    const healed = says("agent info", "is right again");
    await edit(null);
    await healed;
    expect(read("b")).toBe(before);
  });

  it("a slice missing in the middle", async () => {
    const before = read("b");
    stopPublisher();
    const said = says("agent warn", "0 of 1 ClusterNodes are there");
    await removeObject(admin, `${PATHS.slices}/b-0`);
    await said;
    expect(read("b")).toBe(before);
    const healed = says("agent info", "is right again");
    await publishA();
    await healed;
    expect(read("b")).toBe(before);
  });

  it("a node's address reused, and the node renamed", async () => {
    const reused = nodeObject("n2", {
      internal: "192.0.2.1",
      pods: "10.10.2.0/24",
    });
    await addNode(admin, reused);
    await reasonIs("a", "NodesLeftOut");
    expect((await condition("a"))?.message).toContain(
      'node "n2" has 192.0.2.1, which another has too',
    );
    expect(read("a")).toContain('"n1"');
    await holds(async () =>
      /NodesLeftOut/.test(await a.kubectl.run("describe", "cluster", "a")),
    );
    await removeObject(admin, `${PATHS.nodes}/n1`);
    await holds(() => read("a").includes('"n2"'));
    await reasonIs("a", "Published");
    await removeObject(admin, `${PATHS.nodes}/n2`);
    await addNode(
      admin,
      nodeObject("n1", { internal: "192.0.2.1", pods: "10.10.0.0/24" }),
    );
    await holds(() => read("a").includes('"n1"'));
  });

  it("the disk full when a file is written", async () => {
    const before = read("a");
    const filler = join(folder, "clusters.d/.filler");
    for (let kib = 64; kib > 0; kib = fill(filler, kib));
    await follows(async () => {
      await says("agent warn", "ENOSPC");
      expect(read("a")).toBe(before);
      rmSync(filler);
    });
    expect(JSON.parse(read("a"))).toHaveProperty("managedBy", "kubernetes");
  });

  /** Fills a disk by so much; how much to try next. */
  const fill = (filler: string, kib: number): number => {
    try {
      writeFileSync(filler, Buffer.alloc(kib * 1024), { flag: "a" });
      return kib;
    } catch (error) {
      if (!isErrno(error)) throw error;
      return Math.floor(kib / 2);
    }
  };

  it("a peer's token revoked", async () => {
    const before = read("b");
    await removeObject(
      adminOfB,
      `/api/v1/namespaces/${SYSTEM}/serviceaccounts/peer-a`,
    );
    await reasonIs("b", "TokenRefused");
    expect((await condition("b"))?.message).toContain("was revoked");
    await holds(async () =>
      /Warning +TokenRefused/.test(
        await a.kubectl.run("describe", "cluster", "b"),
      ),
    );
    expect(read("b")).toBe(before);
    await giveToken();
    await reasonIs("b", "Read");
  });

  it("a peer's authority rotated", async () => {
    const before = read("b");
    toB.rotate();
    await holds(async () =>
      /not signed by the authority that is known for it/.test(
        (await condition("b"))?.message ?? "",
      ),
    );
    expect(read("b")).toBe(before);
    await giveToken();
    await reasonIs("b", "Read");
  });

  it("etcd restored from a backup of before anybody joined", async () => {
    const before = read("b");
    const said = says("agent warn", "came back from a backup");
    await a.withoutApi(() => {
      for (const one of databases()) rmSync(one);
      for (const one of globSync(join(backup(), "*")))
        copyFileSync(one, join(a.folder, basename(one)));
      return Promise.resolve();
    });
    await said;
    // The publisher makes this cluster's own anew, with no node.
    await holds(async () => (await condition("a")) !== undefined);
    await addNode(
      admin,
      nodeObject("n1", { internal: "192.0.2.1", pods: "10.10.9.0/24" }),
    );
    await holds(() => read("a").includes("10.10.9.0/24"));
    expect(read("b")).toBe(before);
    expect(existsSync(join(folder, "keyrings.d/b.json"))).toBe(true);
    const healed = says("agent info", "is right again");
    await joinB();
    await healed;
    expect(read("b")).toBe(before);
  });

  it("the publisher that works killed, and another one stopped and resumed", async () => {
    stopPublisher();
    const config = await accountConfig(a, "crosslink-publisher");
    const start = () => staying("publish", "--kubeconfig", config);
    const works = (one: Staying) =>
      holds(() => one.log().includes("holds the Lease: it writes"), one.log());
    const first = start();
    stops.push(() => first[Symbol.asyncDispose]());
    await works(first);
    const second = start();
    stops.push(() => second[Symbol.asyncDispose]());
    first.process.kill("SIGKILL");
    await works(second);
    await follows();
    second.process.kill("SIGSTOP");
    const third = start();
    stops.push(() => third[Symbol.asyncDispose]());
    await works(third);
    await follows();
    second.process.kill("SIGCONT");
    await holds(() => second.log().includes("no longer: it waits"));
    await follows();
    expect(third.log()).not.toContain("no longer: it waits");
  });
});
