import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPrograms } from "../programs/build.ts";
import { SOURCES } from "../programs/versions.ts";
import { type ControlPlane, controlPlane } from "./control-plane.ts";

const NEEDED = new Set(["kubernetes", "kine"]);

/** A control plane in a folder of its own; both go with the test. */
export interface ControlPlaneOfATest extends ControlPlane {
  readonly folder: string;
}

/** Starts one. Builds its programs where they are not in the cache. */
export async function controlPlaneForATest(
  networks: { readonly pods: string; readonly services: string } = {
    pods: "10.10.0.0/16",
    services: "10.96.0.0/16",
  },
): Promise<ControlPlaneOfATest> {
  const programs = buildPrograms(
    (sentence) => {
      console.log(`kubernetes: ${sentence}`);
    },
    { sources: SOURCES.filter(({ name }) => NEEDED.has(name)) },
  );
  const folder = mkdtempSync(join(tmpdir(), "crosslink-kubernetes-"));
  const plane = await controlPlane({ folder, programs, ...networks });
  return {
    ...plane,
    folder,
    [Symbol.asyncDispose]: async () => {
      await plane[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
