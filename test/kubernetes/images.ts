import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { imageOf, pauseImage } from "../e2e/runtime/support/image.ts";

/** What holds a pod's namespaces; kubelet and containerd 2 ask for it by this name. */
export const PAUSE = "registry.k8s.io/pause:3.10";

/** What the scenes' pods run: busybox. */
export const BOX = "docker.io/library/box:1";

/** Makes the images that all pods need; the archives' paths. No registry is asked. */
export function makeImages(folder: string): string[] {
  return [pauseImage(folder, PAUSE), boxImage(folder)];
}

function boxImage(folder: string): string {
  const root = join(folder, "box");
  for (const name of ["bin", "tmp", "etc", "proc", "sys", "dev"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin", "busybox"));
  for (const name of ["sh", "sleep", "ping", "nc", "cat", "dd", "sha256sum"])
    symlinkSync("busybox", join(root, "bin", name));
  return imageOf(
    root,
    { name: BOX, command: ["sleep", "1000000"] },
    join(folder, "box.tar"),
  );
}
