import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../../.build/paths.ts";
import {
  agentPod,
  capabilities,
  manifests,
} from "../../../support/agent/ops-files.ts";

/** An object that no API server would take as it is meant. */
const wrong = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  spec: {
    selector: {},
    template: { spec: { containers: [], hostNetwrk: true } },
  },
};

/** The compiler's complaints, a file each: types made from Kubernetes' own OpenAPI document say what may be where. */
let complaints: ReadonlyMap<string, string>;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "crosslink-manifest-"));
  const files = [...manifests(), wrong].map((object, index) => {
    const name = `object${String(index)}.ts`;
    const types = `${root}/node_modules/kubernetes-types/${object.apiVersion.replace(/^v1$/, "core/v1")}`;
    writeFileSync(
      join(folder, name),
      `import type { ${object.kind} } from "${types}";
export const object: ${object.kind} = ${JSON.stringify(object)};\n`,
    );
    return name;
  });
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--pretty",
    "false",
  ];
  const { stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["--ignoreConfig", ...options, "--module", "nodenext", ...files],
    { cwd: folder, encoding: "utf8" },
  );
  complaints = new Map(
    files.map((name) => [
      name,
      stdout
        .split("\n")
        .filter((line) => line.startsWith(name))
        .join("\n"),
    ]),
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("kubernetes.yaml", () => {
  it("says nothing that the Kubernetes API does not know", () => {
    const all = [...complaints.values()];
    expect(all).toHaveLength(3);
    expect(all.slice(0, -1)).toEqual(["", ""]);
    expect(all.at(-1)).toContain("hostNetwrk");
  });

  it("runs on every node, before and longer than ordinary pods, in the node's network", () => {
    expect(agentPod().pod).toMatchObject({
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      tolerations: [{ operator: "Exists" }],
      automountServiceAccountToken: false,
    });
  });

  it("mounts volumes that it names, files of the mesh read-only", () => {
    const { pod, container } = agentPod();
    const volumes = new Map(
      pod.volumes?.map((volume) => [volume.name, volume]),
    );
    const used = [container, ...(pod.initContainers ?? [])].flatMap(
      ({ volumeMounts = [] }) => volumeMounts,
    );
    expect(new Set(used.map(({ name }) => name))).toEqual(
      new Set(volumes.keys()),
    );
    for (const mount of used) {
      const volume = volumes.get(mount.name);
      if (volume?.configMap !== undefined || volume?.secret !== undefined)
        expect(mount.readOnly).toBe(true);
    }
    expect(volumes.get("keyring")?.secret?.defaultMode).toBe(0o400);
  });

  it("shows the agent what the runtime mounts while it runs: the namespaces of pods that it makes right", () => {
    expect(agentPod().container.volumeMounts).toContainEqual({
      name: "namespaces",
      mountPath: "/var/run/netns",
      readOnly: true,
      mountPropagation: "HostToContainer",
    });
  });

  it("asks for the privileges of the systemd unit, and for none to install", () => {
    const { pod } = agentPod();
    expect(capabilities("manifest").sort()).toEqual(
      capabilities("unit").sort(),
    );
    for (const { securityContext } of pod.initContainers ?? [])
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
  });
});
