import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPS } from "../support/agent/ops-files.ts";
import { until } from "../support/until.ts";
import {
  type ControlPlaneOfATest,
  controlPlaneForATest,
} from "./control-plane/for-a-test.ts";

const MANIFEST = join(OPS, "kubernetes.yaml");
const PODS = [
  "pods",
  "-n",
  "kube-system",
  "-l",
  "app.kubernetes.io/name=crosslink",
];

/** No kubelet runs: what is seen here is what the API server, the DaemonSet's controller and the scheduler do. */
describe("conf/ops/kubernetes.yaml, given to a real control plane", () => {
  let plane: ControlPlaneOfATest;

  beforeAll(async () => {
    plane = await controlPlaneForATest();
  });
  afterAll(() => plane[Symbol.asyncDispose]());

  const apply = (path: string) =>
    plane.kubectl.run(
      "apply",
      "--validate=strict",
      "--warnings-as-errors",
      "-f",
      path,
    );

  it("is taken word by word, without a warning", async () => {
    expect(await apply(MANIFEST)).toBe(
      "serviceaccount/crosslink created\ndaemonset.apps/crosslink created\n",
    );
    expect(await apply(MANIFEST)).toBe(
      "serviceaccount/crosslink unchanged\ndaemonset.apps/crosslink unchanged\n",
    );
  });

  it("would be refused with a word mistyped", async () => {
    const mistyped = join(plane.folder, "mistyped.yaml");
    const text = readFileSync(MANIFEST, "utf8");
    writeFileSync(mistyped, text.replace("hostNetwork:", "hostNetwrk:"));
    await expect(apply(mistyped)).rejects.toThrow(
      'unknown field "spec.template.spec.hostNetwrk"',
    );
  });

  it("brings a pod to a node that has no network yet, and is shut for all others", async () => {
    const path = join(plane.folder, "node.json");
    writeFileSync(path, JSON.stringify(NEW_NODE));
    await plane.kubectl.run("create", "-f", path);
    let pods: any[] = []; // eslint-disable-line @typescript-eslint/no-explicit-any -- what kubectl prints
    await until(
      async () => {
        pods = (await plane.kubectl.get(...PODS)).items;
        return pods.some(({ spec }) => spec.nodeName === "new");
      },
      {
        limitSeconds: 120,
        pauseMs: 500,
        describe: () => JSON.stringify(pods),
      },
    );
    expect(pods).toHaveLength(1);
    expect(pods[0].spec.priority).toBe(2_000_001_000);
  });
});

/** As a kubelet registers one, before its base CNI has started. */
const NEW_NODE = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "new",
    labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": "new" },
  },
  spec: {
    unschedulable: true,
    taints: [
      { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
      { key: "node.kubernetes.io/network-unavailable", effect: "NoSchedule" },
      { key: "somebodys", value: "own", effect: "NoExecute" },
    ],
  },
  status: {
    allocatable: { cpu: "2", memory: "2Gi", pods: "110" },
    capacity: { cpu: "2", memory: "2Gi", pods: "110" },
    conditions: [
      {
        type: "Ready",
        status: "False",
        reason: "KubeletNotReady",
        message: "cni plugin not initialized",
      },
    ],
  },
};
