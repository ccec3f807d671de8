import { defineConfig } from "vitest/config";
import { LongestFirst } from "./longest-first.ts";

const root = new URL("..", import.meta.url).pathname;

/** The closing line of `.ci/run` is counted from this file. */
const report = `${root}test/results/vitest.json`;

/** With real Kubernetes in a guest. */
const inGuest = ["services", "encrypted"].map(
  (name) => `test/kubernetes/${name}.test.ts`,
);

export default defineConfig({
  test: {
    reporters: ["default", "json"],
    outputFile: { json: report },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        root,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          // They share nothing but code without state: a worker for each file would double their time.
          isolate: false,
          // Properties try hundreds of examples; how long that takes is not what they are about.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          // Making and removing network namespaces is waiting, not work: more files than cores keep the cores busy.
          maxWorkers: 4,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/conformance/**/*.test.ts"],
          // Where this machine's kernel has no ESP, scenes share a guest, which plays as many at the same time.
          globalSetup: ["test/support/guest/for-a-run.ts"],
          maxWorkers: 3,
          // A scene and the guest have limits of their own, which end before.
          testTimeout: 2_000_000,
          hookTimeout: 2_000_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        root,
        test: {
          name: "kubernetes",
          include: ["test/kubernetes/**/*.test.ts"],
          exclude: inGuest,
          // Control planes are daemons that need a processor, too.
          maxWorkers: 2,
          // Emulated, on a machine that others use too; what waits for something has a limit of its own.
          testTimeout: 2_000_000,
          // Where nothing is in the cache, programs are built.
          hookTimeout: 3_600_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        root,
        test: {
          name: "kubernetes-guest",
          include: inGuest,
          // An emulated guest takes both processors of a small machine: kubelets beside it would miss their deadlines.
          maxWorkers: 1,
          testTimeout: 2_000_000,
          hookTimeout: 3_600_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
