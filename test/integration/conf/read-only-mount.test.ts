import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const clusters = fileURLToPath(
  new URL("../../../conf/clusters.ts", import.meta.url),
);

/** Loads a 0777 folder that holds one file, on a tmpfs in a mount namespace of its own. */
function loadFromTmpfs(options: { readonly: boolean }): string {
  const load = `import { loadClusters } from ${JSON.stringify(clusters)};
    try { console.log(loadClusters("/mnt")[0].cluster.name); }
    catch (error) { console.log(error.message); }`;
  const script = [
    "mount -t tmpfs -o mode=0777 none /mnt",
    `echo '{"name":"a"}' > /mnt/a.json`,
    "chmod 0644 /mnt/a.json",
    ...(options.readonly ? ["mount -o remount,ro /mnt"] : []),
    `exec "$0" --input-type=module-typescript -e "$1"`,
  ].join(" && ");
  const parameters = ["--mount", "sh", "-c", script, process.execPath, load];
  return execFileSync("unshare", parameters, { encoding: "utf8" }).trim();
}

test("loadClusters() takes a 0777 folder on a read-only mount, as kubelet mounts a ConfigMap", () => {
  expect(loadFromTmpfs({ readonly: true })).toBe("a");
});

test("loadClusters() refuses the same folder where it can be written to", () => {
  expect(loadFromTmpfs({ readonly: false })).toBe(
    'Cannot use folder of cluster files "/mnt": everyone can write to it (mode 0777)',
  );
});
