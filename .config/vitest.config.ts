import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

/** The closing line of `.ci/run` is counted from this file. */
const report = `${root}test/results/vitest.json`;

export default defineConfig({
  test: {
    reporters: ["default", "json"],
    outputFile: { json: report },
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
          // A guest kernel takes half a gigabyte, and a core but for the time that its pings and captures wait.
          maxWorkers: 3,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
