import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadClusters } from "../../../../conf/clusters.ts";
import {
  measured,
  type ScaleMesh,
  writeScaleMesh,
} from "../../../bench/scale/mesh.ts";

it.each([
  { dual: false, elastic: true, covered: true },
  { dual: true, elastic: true, covered: false },
  { dual: true, elastic: false, covered: true },
  { dual: false, elastic: true, covered: true, mode: "gateway" as const },
])("makes files that hold together: %j", (shape: Omit<ScaleMesh, "nodes">) => {
  const folder = mkdtempSync(join(tmpdir(), "crosslink-scale-"));
  try {
    const mesh = { ...shape, nodes: 400 };
    const clusters = loadClusters(writeScaleMesh(folder, mesh).clusters);
    expect(clusters).toHaveLength(20);
    const nodes = clusters.flatMap(({ cluster }) => cluster.nodes);
    expect(nodes).toHaveLength(400);
    expect(nodes.map(({ name }) => name)).toEqual(
      expect.arrayContaining([measured.node, measured.leaf]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
