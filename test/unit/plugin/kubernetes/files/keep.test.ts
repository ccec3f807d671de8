import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { loadClusters } from "../../../../../conf/clusters.ts";
import { keepFilesTrue } from "../../../../../plugin/kubernetes/files/keep.ts";
import { PATHS } from "../../../../../plugin/kubernetes/names.ts";
import { fakeCollections } from "../../../../support/kubernetes/collections.ts";
import { json } from "../../../../support/kubernetes/fake-api.ts";
import { until } from "../../../../support/until.ts";

const QUICK = {
  watchMs: 240_000,
  silenceMs: 60_000,
  relistMs: 600_000,
  pauseMs: 5,
  longestPauseMs: 20,
};

const own = {
  metadata: { name: "a" },
  spec: { local: true, podCIDRs: ["10.1.0.0/16"] },
};
const peer = (rest: object = {}) => ({
  metadata: { name: "b" },
  spec: { peer: { server: "https://b", allowedCIDRs: ["10.2.0.0/16"] } },
  status: { discovered: { podCIDRs: ["10.2.0.0/16"], cni: "calico" }, ...rest },
});
const slice = (cluster: string, net: number, number = 0, name = "n1") => ({
  metadata: { name: `${cluster}-${number}` },
  spec: {
    cluster,
    nodes: [
      {
        name,
        ips: [`192.0.2.${net * 10 + number}`],
        podCIDRs: [`10.${net}.${number}.0/24`],
      },
    ],
  },
});
const SECRET = Buffer.alloc(32, "s").toString("base64");
const KEYRING = JSON.stringify({
  active: 1,
  keys: [{ id: 1, secret: SECRET }],
});
const secret = (name: string, text = KEYRING) => ({
  metadata: { name, namespace: "crosslink-keys" },
  data: { "keyring.json": Buffer.from(text).toString("base64") },
});

/** A node's folder that follows an API server with cluster a, where the node is, and its peer b. */
async function site(before: (folder: string) => void = () => undefined) {
  const fake = await fakeCollections();
  const folder = mkdtempSync(join(tmpdir(), "crosslink-files-"));
  chmodSync(folder, 0o755);
  const clustersDir = join(folder, "clusters.d");
  before(folder);
  fake.put(PATHS.clusters, own);
  fake.put(PATHS.slices, slice("a", 1));
  const lines: string[] = [];
  const kept = keepFilesTrue({
    access: fake.api.access,
    places: () => ({ clustersDir, keyring: join(folder, "keyring.json") }),
    log: (_, message, facts) =>
      lines.push(`${String(facts?.["cluster"] ?? "")}: ${message}`),
    timing: QUICK,
    gatherMs: 5,
  });
  const file = (name: string) => join(clustersDir, `${name}.json`);
  const read = (name: string): unknown =>
    existsSync(file(name))
      ? JSON.parse(readFileSync(file(name), "utf8"))
      : undefined;
  const link = async () => {
    fake.put(PATHS.keyrings, secret("b"));
    fake.put(PATHS.clusters, peer());
    fake.put(PATHS.slices, slice("b", 2));
    await holds(() => existsSync(file("b")), "no file of b");
  };
  const holds = (what: () => boolean, otherwise: string) =>
    until(what, {
      pauseMs: 5,
      describe: () => `${otherwise}; log:\n${lines.join("\n")}`,
    });
  await holds(() => existsSync(file("a")), "no file of a");
  return {
    fake,
    folder,
    clustersDir,
    lines,
    file,
    read,
    link,
    holds,
    kept,
    says: (sentence: string) =>
      holds(() => lines.some((line) => line.includes(sentence)), sentence),
    [Symbol.asyncDispose]: async () => {
      kept.stop();
      await fake[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Time in which what is not to happen would have happened. */
const aWhile = () => setTimeout(100);

describe("keepFilesTrue()", () => {
  it("writes a file a cluster, whole and marked, as they are read", async () => {
    await using here = await site();
    await here.link();
    expect(here.read("b")).toEqual({
      name: "b",
      cni: "calico",
      podCIDRs: ["10.2.0.0/16"],
      nodes: [{ name: "n1", ips: ["192.0.2.20"], podCIDRs: ["10.2.0.0/24"] }],
      managedBy: "kubernetes",
    });
    expect(statSync(here.file("b")).mode & 0o777).toBe(0o644);
    expect(
      loadClusters(here.clustersDir).map(({ cluster }) => cluster.name),
    ).toEqual(["a", "b"]);
    expect(readdirSync(here.clustersDir)).toEqual(["a.json", "b.json"]);
  });

  it("writes keyrings for root alone, before the file that needs them", async () => {
    await using here = await site();
    await here.link();
    const path = join(here.folder, "keyrings.d/b.json");
    expect(readFileSync(path, "utf8")).toBe(KEYRING);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(here.folder, "keyrings.d")).mode & 0o777).toBe(0o700);
    expect(here.lines.join()).not.toContain(SECRET);
  });

  it("follows a changed node, and touches no other file", async () => {
    await using here = await site();
    await here.link();
    const before = statSync(here.file("a")).ino;
    const moved = slice("b", 2, 0, "renamed");
    here.fake.put(PATHS.slices, moved);
    await here.holds(
      () => JSON.stringify(here.read("b")).includes("renamed"),
      "not followed",
    );
    expect(statSync(here.file("a")).ino).toBe(before);
  });

  it("removes the file with its object, and the keyring with both", async () => {
    await using here = await site();
    await here.link();
    const keyring = join(here.folder, "keyrings.d/b.json");
    here.fake.remove(PATHS.keyrings, "b");
    await aWhile();
    expect(existsSync(keyring)).toBe(true);
    here.fake.remove(PATHS.clusters, "b");
    await here.holds(() => !existsSync(here.file("b")), "still there");
    await here.holds(() => !existsSync(keyring), "its keyring is still there");
    expect(existsSync(here.file("a"))).toBe(true);
    await here.says("b: a cluster's file is removed");
  });

  it("keeps all files where the API server lost this cluster's own object, or everything", async () => {
    await using here = await site();
    await here.link();
    for (const name of ["a", "b"]) here.fake.remove(PATHS.clusters, name);
    here.fake.remove(PATHS.slices, "b-0");
    await here.says("no file is removed until it has");
    await aWhile();
    expect(readdirSync(here.clustersDir)).toEqual(["a.json", "b.json"]);
  });

  it("keeps the file and the keyring of a Cluster that the API server's backup does not have, until it is there again", async () => {
    await using here = await site();
    await here.link();
    const keyring = join(here.folder, "keyrings.d/b.json");
    here.fake.setBack();
    // The publisher makes this cluster's own again.
    here.fake.put(PATHS.clusters, own);
    here.fake.put(PATHS.slices, slice("a", 1));
    await here.says("b: the API server came back from a backup");
    // Looks that see no more than that.
    here.fake.put(PATHS.slices, slice("a", 1, 0, "renamed"));
    await here.holds(
      () => JSON.stringify(here.read("a")).includes("renamed"),
      "not followed",
    );
    expect(readdirSync(here.clustersDir)).toEqual(["a.json", "b.json"]);
    expect(existsSync(keyring)).toBe(true);
    await here.link();
    await here.says("b: a cluster's file is right again");
    for (const path of [PATHS.keyrings, PATHS.clusters])
      here.fake.remove(path, "b");
    await here.holds(() => !existsSync(here.file("b")), "still there");
    await here.holds(() => !existsSync(keyring), "its keyring is still there");
  });

  it.each([
    ["500", json({}, { status: 500 })],
    ["401", json({}, { status: 401 })],
    ["404, as without our kinds", json({}, { status: 404 })],
    ["empty answers", json("")],
  ])(
    "keeps all files through %s, and follows again after it",
    async (_, answer) => {
      await using here = await site();
      await here.link();
      here.fake.answerWith(answer);
      here.fake.put(PATHS.slices, slice("b", 2, 0, "later"));
      await here.says("Cannot");
      await aWhile();
      expect(JSON.stringify(here.read("b"))).toContain('"n1"');
      here.fake.answerWith(undefined);
      await here.holds(
        () => JSON.stringify(here.read("b")).includes("later"),
        "not followed",
      );
    },
  );

  it("leaves others' files alone, whatever they are called", async () => {
    const mine = JSON.stringify({ name: "c", podCIDRs: ["10.3.0.0/16"] });
    await using here = await site((folder) => {
      mkdirSync(join(folder, "clusters.d"));
      writeFileSync(join(folder, "clusters.d/b.json"), mine);
      writeFileSync(join(folder, "clusters.d/z.json"), '{"name": "d"}');
    });
    here.fake.put(PATHS.clusters, peer());
    here.fake.put(PATHS.slices, slice("b", 2));
    here.fake.put(PATHS.clusters, { ...peer(), metadata: { name: "d" } });
    here.fake.put(PATHS.slices, slice("d", 2));
    await here.says('b.json" is somebody\'s own file for cluster "b"');
    await here.says('z.json" is somebody\'s own file for cluster "d"');
    expect(readFileSync(here.file("b"), "utf8")).toBe(mine);
    expect(readdirSync(here.clustersDir)).toEqual([
      "a.json",
      "b.json",
      "z.json",
    ]);
    rmSync(here.file("b"));
    here.fake.put(PATHS.slices, slice("b", 2, 0, "again"));
    await here.holds(
      () => JSON.stringify(here.read("b") ?? "").includes("again"),
      "not written once the other is gone",
    );
  });

  it("leaves somebody's own keyring alone", async () => {
    await using here = await site((folder) => {
      mkdirSync(join(folder, "keyrings.d"), { mode: 0o700 });
      writeFileSync(join(folder, "keyrings.d/b.json"), "mine", { mode: 0o600 });
    });
    here.fake.put(PATHS.keyrings, secret("b"));
    await here.says("is somebody's own keyring, and stays");
    expect(readFileSync(join(here.folder, "keyrings.d/b.json"), "utf8")).toBe(
      "mine",
    );
  });

  it.each([
    ["no keyring", "{"],
    [
      "a short secret",
      JSON.stringify({ active: 1, keys: [{ id: 1, secret: "c2VjcmV0" }] }),
    ],
    ["nothing", ""],
  ])("keeps a keyring where its Secret now holds %s", async (_, text) => {
    await using here = await site();
    await here.link();
    here.fake.put(PATHS.keyrings, secret("b", text));
    await here.says('the Secret "b" holds no keyring');
    expect(readFileSync(join(here.folder, "keyrings.d/b.json"), "utf8")).toBe(
      KEYRING,
    );
    expect(here.lines.join()).not.toContain("c2VjcmV0");
    expect(readdirSync(join(here.folder, "keyrings.d")).sort()).toEqual([
      ".managed.json",
      "b.json",
    ]);
  });

  it.each<[string, object, string]>([
    ["nonsense", { discovered: { podCIDRs: ["10.2.0.0/33"] } }, "10.2.0.0/33"],
    [
      "a word of another version",
      { discovered: { wormhole: 1 } },
      "unknown key",
    ],
    [
      "an overlap",
      { discovered: { podCIDRs: ["10.1.9.0/24", "10.2.0.0/16"] } },
      "overlaps",
    ],
    ["a slice too few", { slices: 2 }, "1 of 2 ClusterNodes are there"],
  ])(
    "keeps the file through %s in an object, and says so",
    async (_, status, sentence) => {
      await using here = await site();
      await here.link();
      const before = readFileSync(here.file("b"), "utf8");
      here.fake.put(PATHS.clusters, { ...peer(), status });
      await here.says(sentence);
      await aWhile();
      expect(readFileSync(here.file("b"), "utf8")).toBe(before);
      here.fake.put(PATHS.clusters, peer());
      await here.says("b: a cluster's file is right again");
    },
  );

  it("takes no encryption away on a peer's word, but on the admin's", async () => {
    await using here = await site();
    await here.link();
    const loose = peer({
      discovered: {
        podCIDRs: ["10.2.0.0/16"],
        encryption: "none",
        nodes: [],
        name: "a",
      },
    });
    here.fake.put(PATHS.clusters, loose);
    await here.holds(
      () => !JSON.stringify(here.read("b")).includes("calico"),
      "not followed",
    );
    expect(here.read("b")).not.toHaveProperty("encryption");
    expect(here.read("b")).toMatchObject({
      name: "b",
      nodes: [{ name: "n1" }],
    });
    here.fake.put(PATHS.clusters, {
      ...loose,
      spec: { encryption: "none" },
    });
    await here.holds(
      () => JSON.stringify(here.read("b")).includes("none"),
      "the admin's word is not followed",
    );
  });

  it("writes two clusters that change networks with each other", async () => {
    await using here = await site();
    await here.link();
    here.fake.put(PATHS.clusters, {
      ...own,
      spec: { local: true, podCIDRs: ["10.2.0.0/16"] },
    });
    here.fake.put(PATHS.slices, slice("a", 2, 1));
    await here.says("overlaps");
    here.fake.put(
      PATHS.clusters,
      peer({ discovered: { podCIDRs: ["10.1.0.0/16"] } }),
    );
    here.fake.put(PATHS.slices, slice("b", 1, 1));
    here.fake.remove(PATHS.slices, "a-0");
    here.fake.remove(PATHS.slices, "b-0");
    await here.holds(
      () => JSON.stringify(here.read("a")).includes("10.2.1.0"),
      "a is not written",
    );
    await here.holds(
      () => JSON.stringify(here.read("b")).includes("10.1.1.0"),
      "b is not written",
    );
  });

  it("says that it cannot write, and writes when it can", async () => {
    await using here = await site((folder) => {
      writeFileSync(join(folder, "keyrings.d"), "in the way");
      // The first file is awaited by the site itself, and comes after the keyrings.
      void setTimeout(200).then(() => {
        rmSync(join(folder, "keyrings.d"));
      });
    });
    await here.says("Cannot write the node's files");
    await here.link();
  });
});
