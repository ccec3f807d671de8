import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readCarried } from "../../../../plugin/kubernetes/carry/carried.ts";
import { exportOwn } from "../../../../plugin/kubernetes/carry/export.ts";
import { importOther } from "../../../../plugin/kubernetes/carry/import.ts";
import { PATHS } from "../../../../plugin/kubernetes/names.ts";
import { certifyAuthority } from "../../../../plugin/x509/certificate.ts";
import {
  fakeCollections,
  type FakeCollections,
} from "../../../support/kubernetes/collections.ts";

const local = (name: string, words: object = {}) => ({
  metadata: { name },
  spec: { local: true, ...words },
  status: { discovered: { cni: "calico", podCIDRs: ["10.10.0.0/16"] } },
});
const slice = (name: string, cluster: string, nodes: object[]) => ({
  metadata: { name, labels: { "crosslink.io/cluster": cluster } },
  spec: { cluster, nodes },
});

const AUTHORITIES = [1, 2].map(() =>
  certifyAuthority(
    "a",
    generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
    new Date(),
  ),
);

async function withServer(
  work: (server: FakeCollections) => Promise<void>,
): Promise<void> {
  await using server = await fakeCollections();
  await work(server);
}

async function exported(words: object = {}): Promise<string> {
  let text = "";
  await withServer(async (server) => {
    server.put(PATHS.clusters, local("a", words));
    server.put(
      PATHS.slices,
      slice("a-0", "a", [{ name: "n1", ips: ["192.0.2.1"] }]),
    );
    server.put(
      PATHS.slices,
      slice("x-0", "x", [{ name: "z", ips: ["192.0.2.9"] }]),
    );
    text = await exportOwn(server.api.access);
  });
  return text;
}

describe("exportOwn()", () => {
  it("says what others may know: its own nodes, no peer's, and not whose object it is", async () => {
    const { items } = JSON.parse(await exported({ mode: "p2p" })) as {
      items: { kind: string; metadata: object; spec: object }[];
    };
    expect(
      items.map(({ kind, metadata, spec }) => ({ kind, metadata, spec })),
    ).toEqual([
      {
        kind: "Cluster",
        metadata: { name: "a" },
        spec: { cni: "calico", podCIDRs: ["10.10.0.0/16"], mode: "p2p" },
      },
      {
        kind: "ClusterNodes",
        metadata: {
          name: "a-0",
          labels: { "crosslink.io/cluster": "a" },
        },
        spec: { cluster: "a", nodes: [{ name: "n1", ips: ["192.0.2.1"] }] },
      },
    ]);
  });
});

describe("importOther()", () => {
  const refused = async (
    text: string,
    allowed: string[],
    sentence: string,
    here: Parameters<FakeCollections["put"]>[1][] = [],
  ) =>
    withServer(async (server) => {
      server.put(PATHS.clusters, {
        metadata: { name: "b" },
        spec: { local: true, podCIDRs: ["10.20.0.0/16"] },
      });
      for (const object of here) server.put(PATHS.clusters, object);
      await expect(
        importOther(server.api.access, readCarried(text), allowed),
      ).rejects.toThrow(sentence);
      expect(server.api.asked.filter(({ method }) => method !== "GET")).toEqual(
        [],
      );
    });

  it.each([
    ["10.10.0.0/24", "it claims 10.10.0.0/16, which is not within"],
    ["10.10.0.1/16", "10.10.0.1/16"],
    ["10.0.0.0/8", "overlaps 10.20.0.0/16"],
  ])("holds a cluster to what it may claim: %s", async (cidr, sentence) => {
    await refused(await exported(), [cidr], sentence);
  });

  it("takes no clear text, no cluster that is read from its API server, and not this one", async () => {
    const allowed = ["10.10.0.0/16"];
    const text = await exported();
    await refused(
      text.replace('"cni"', '"encryption": "none", "cni"'),
      allowed,
      "never taken from a peer",
    );
    const peer = { server: "https://a.example", allowedCIDRs: allowed };
    await refused(text, allowed, "there is a Cluster of that name", [
      { metadata: { name: "a" }, spec: { peer } },
    ]);
    await refused(
      text.replaceAll('"a"', '"b"'),
      allowed,
      'Cannot join "b" with itself',
    );
  });

  it("takes an authority's certificate with the nodes that prove themselves by it, and again when it has changed", async () => {
    const certified = (ca: string) => ({
      ...local("a", { keying: "ike" }),
      status: { discovered: { podCIDRs: ["10.10.0.0/16"], ca } },
    });
    const carried = async (ca: string) => {
      let text = "";
      await withServer(async ({ api, put }) => {
        put(PATHS.clusters, certified(ca));
        text = await exportOwn(api.access);
      });
      return readCarried(text);
    };
    await withServer(async ({ api, put }) => {
      put(PATHS.clusters, local("b", { podCIDRs: ["10.20.0.0/16"] }));
      for (const ca of AUTHORITIES) {
        await importOther(api.access, await carried(ca), ["10.10.0.0/16"]);
        const wrote = api.asked.findLast(({ body }) => body !== undefined);
        const object = wrote?.body as Parameters<typeof put>[1];
        expect(object["spec"]).toMatchObject({ keying: "ike", ca });
        put(PATHS.clusters, object);
      }
    });
  });

  it.each([
    ["", "it is no JSON"],
    ["{}", "it has no Cluster"],
    ["[1]", "it has no Cluster"],
  ])("takes nothing from %j", (text, sentence) => {
    expect(() => readCarried(text)).toThrow(sentence);
  });
});
