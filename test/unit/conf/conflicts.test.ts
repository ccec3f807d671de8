import { describe, expect, test } from "vitest";
import { loadClusters } from "../../../conf/clusters.ts";
import { refusal, temporaryFolder, writeFiles } from "./files.ts";

/** A folder with a.json and b.json; the second cluster is named b unless it says otherwise. */
function both(a: object, b: object): string {
  return writeFiles(temporaryFolder(), {
    "a.json": { name: "a", ...a },
    "b.json": { name: "b", ...b },
  });
}

function refused(a: object, b: object): ReturnType<typeof refusal> {
  const folder = both(a, b);
  return refusal(() => loadClusters(folder), folder);
}

const useGlobal =
  'map the pod CIDRs of both clusters to networks that nobody else has, with "globalCIDRs"';

describe("networks of two clusters", () => {
  test("loadClusters() refuses pod CIDRs that overlap, and names both files", () => {
    const found = refused(
      { podCIDRs: ["10.0.0.0/16"] },
      { podCIDRs: ["10.1.0.0/16", "10.0.3.0/24"] },
    );
    expect(found).toEqual({
      code: 7,
      msg: 'Cannot use cluster file "DIR/b.json": /podCIDRs/1: "10.0.3.0/24" overlaps "10.0.0.0/16" at /podCIDRs/0 of "DIR/a.json"',
      details: `line 5, column 5; ${useGlobal}`,
    });
  });

  test.each([
    [
      { podCIDRs: ["10.0.3.0/24"] },
      { podCIDRs: ["10.0.0.0/16"] },
      '/podCIDRs/0: "10.0.0.0/16" overlaps "10.0.3.0/24" at /podCIDRs/0 of "DIR/a.json"',
    ],
    [
      { serviceCIDRs: ["10.96.0.0/12"] },
      { serviceCIDRs: ["10.96.0.0/12"] },
      '/serviceCIDRs/0: "10.96.0.0/12" overlaps "10.96.0.0/12" at /serviceCIDRs/0 of "DIR/a.json"',
    ],
    [
      { podCIDRs: ["fd00::/48"] },
      {
        nodes: [
          { name: "n", ips: ["192.168.0.1"], podCIDRs: ["fd00:0:0:9::/64"] },
        ],
      },
      '/nodes/0/podCIDRs/0: "fd00:0:0:9::/64" overlaps "fd00::/48" at /podCIDRs/0 of "DIR/a.json"',
    ],
    [
      { podCIDRs: ["10.0.0.0/24"] },
      { podCIDRs: ["10.0.0.0/16"], encryption: "none" },
      '/podCIDRs/0: "10.0.0.0/16" overlaps "10.0.0.0/24" at /podCIDRs/0 of "DIR/a.json"',
    ],
  ])("loadClusters() refuses %j beside %j", (a, b, message) => {
    expect(refused(a, b).msg).toBe(
      `Cannot use cluster file "DIR/b.json": ${message}`,
    );
  });

  test("loadClusters() takes networks that only touch", () => {
    const folder = both(
      { podCIDRs: ["10.0.0.0/25"] },
      { podCIDRs: ["10.0.0.128/25", "fd00::/8"] },
    );
    expect(loadClusters(folder)).toHaveLength(2);
  });
});

describe("globalCIDRs of two clusters", () => {
  const podCIDRs = ["10.244.0.0/16"];
  const seenAs = (network: string): object => ({
    podCIDRs,
    globalCIDRs: { "10.244.0.0/16": network },
  });

  test("loadClusters() takes the same pod CIDRs where both are mapped apart", () => {
    expect(
      loadClusters(both(seenAs("100.80.0.0/16"), seenAs("100.81.0.0/16"))),
    ).toHaveLength(2);
  });

  test("loadClusters() refuses global networks that overlap", () => {
    expect(refused(seenAs("100.80.0.0/16"), seenAs("100.80.0.0/16")).msg).toBe(
      'Cannot use cluster file "DIR/b.json": /globalCIDRs/10.244.0.0~116: "100.80.0.0/16" overlaps "100.80.0.0/16" at /globalCIDRs/10.244.0.0~116 of "DIR/a.json"',
    );
  });

  test("loadClusters() refuses a cluster that others see under a number which one of them has itself", () => {
    for (const [a, b, message] of [
      [
        { podCIDRs },
        seenAs("100.80.0.0/16"),
        '/podCIDRs/0: "10.244.0.0/16" overlaps "10.244.0.0/16" at /podCIDRs/0 of "DIR/a.json"',
      ],
      [
        seenAs("100.80.0.0/16"),
        { podCIDRs: ["10.244.7.0/24"] },
        '/podCIDRs/0: "10.244.7.0/24" overlaps "10.244.0.0/16" at /podCIDRs/0 of "DIR/a.json"',
      ],
    ] as const) {
      expect(refused(a, b)).toMatchObject({
        msg: `Cannot use cluster file "DIR/b.json": ${message}`,
        details: expect.stringContaining(useGlobal),
      });
    }
  });
});

describe("names and elastic addresses", () => {
  const nodes = (...list: object[]): object => ({
    nodes: list.map((node, i) => ({
      name: `n${i}`,
      ips: [`192.168.0.${i + 1}`],
      ...node,
    })),
  });

  test("loadClusters() refuses two clusters of one name", () => {
    expect(refused({}, { name: "a" })).toMatchObject({
      msg: 'Cannot use cluster file "DIR/b.json": /name: "a" is the name of the cluster in "DIR/a.json" too',
      details:
        "line 2, column 11; give each cluster its own name, or remove the file that is a copy",
    });
  });

  test("loadClusters() takes the same private addresses and node names in two clusters", () => {
    const folder = both(
      nodes({ elasticIP: "203.0.113.1" }),
      nodes({ elasticIP: "203.0.113.2" }),
    );
    expect(loadClusters(folder)).toHaveLength(2);
  });

  test("loadClusters() refuses an elastic address that two nodes have", () => {
    const elastic = nodes({ elasticIP: "203.0.113.1" });
    expect(refused(elastic, elastic).msg).toBe(
      'Cannot use cluster file "DIR/b.json": /nodes/0/elasticIP: "203.0.113.1" is the elastic address at /nodes/0/elasticIP of "DIR/a.json"',
    );
    const onCard = nodes({}, { ips: ["203.0.113.1"] });
    expect(refused(onCard, elastic).msg).toBe(
      'Cannot use cluster file "DIR/a.json": /nodes/1/ips/0: "203.0.113.1" is the elastic address at /nodes/0/elasticIP of "DIR/b.json"',
    );
  });
});

test("loadClusters() sorts ten thousand networks out within the time of a test", () => {
  const clusters = Array.from({ length: 10 }, (_, c) => ({
    name: `c${c}`,
    podCIDRs: Array.from(
      { length: 1000 },
      (_, i) => `10.${c * 16 + (i >> 8)}.${i & 255}.0/24`,
    ),
  }));
  const files = Object.fromEntries(
    clusters.map((cluster) => [`${cluster.name}.json`, cluster]),
  );
  expect(loadClusters(writeFiles(temporaryFolder(), files))).toHaveLength(10);
  const odd = { name: "odd", podCIDRs: ["10.146.77.0/25"] };
  const folder = writeFiles(temporaryFolder(), { ...files, "odd.json": odd });
  expect(refusal(() => loadClusters(folder), folder).msg).toBe(
    'Cannot use cluster file "DIR/odd.json": /podCIDRs/0: "10.146.77.0/25" overlaps "10.146.77.0/24" at /podCIDRs/589 of "DIR/c9.json"',
  );
});
