import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ImageWords,
  imageOf,
  pauseImage,
} from "../e2e/runtime/support/image.ts";
import type { Node } from "./node/node.ts";

/** What holds a pod's namespaces; kubelet and containerd 2 ask for it by this name. */
export const PAUSE = "registry.k8s.io/pause:3.10";

/** What the scenes' pods run: busybox. */
export const BOX = "docker.io/library/box:1";

/** What answers HTTP at port 80 with an empty page: busybox. */
export const WEB = "docker.io/library/web:1";

/** Makes the images that all pods need; the archives' paths. No registry is asked. */
export function makeImages(folder: string): string[] {
  return [pauseImage(folder, PAUSE), boxImage(folder)];
}

/** Makes the image of a web server; the archive's path. */
export function webImage(folder: string): string {
  return busyboxImage(folder, {
    name: WEB,
    command: ["busybox", "httpd", "-f", "-p", "80", "-h", "/www"],
  });
}

/** Gives a node an image of an archive. */
export async function importImage(
  { run }: Pick<Node, "run">,
  archive: string,
): Promise<void> {
  await run(["ctr", "-n", "k8s.io", "images", "import", archive]);
}

function boxImage(folder: string): string {
  return busyboxImage(folder, { name: BOX, command: ["sleep", "1000000"] });
}

function busyboxImage(folder: string, words: ImageWords): string {
  const [name = ""] = /[^/]+(?=:)/.exec(words.name) ?? [];
  const root = join(folder, name);
  for (const each of ["bin", "tmp", "etc", "proc", "sys", "dev", "www"])
    mkdirSync(join(root, each), { recursive: true });
  writeFileSync(join(root, "www", "index.html"), "");
  copyFileSync("/bin/busybox", join(root, "bin", "busybox"));
  for (const applet of APPLETS)
    symlinkSync("busybox", join(root, "bin", applet));
  return imageOf(root, words, join(folder, `${name}.tar`));
}

const APPLETS = [
  ...["sh", "sleep", "cat", "dd", "sha256sum", "top", "hostname"],
  ...["ping", "nc"],
];
