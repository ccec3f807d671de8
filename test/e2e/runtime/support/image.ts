import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What runtimes call the image of {@link pauseImage}. */
export const pauseImageName = "localhost/pause:1";

const source = fileURLToPath(new URL("pause.c", import.meta.url));

/**
 * Makes a container image with one static program that waits; no registry is asked.
 *
 * @param folder holds it, and what it is made of
 * @returns the tar file's path
 */
export function pauseImage(folder: string, name = pauseImageName): string {
  const root = join(folder, "pause-root");
  mkdirSync(root, { recursive: true });
  const program = join(root, "pause");
  execFileSync("gcc", ["-static", "-Os", "-s", "-o", program, source]);
  return imageOf(
    root,
    { name, command: ["/pause"] },
    join(folder, "pause.tar"),
  );
}

/** What runtimes call an image, and what they start of it unless told otherwise. */
export interface ImageWords {
  readonly name: string;
  readonly command: readonly string[];
}

/**
 * Makes a container image with one layer, as an OCI image layout in a tar file (opencontainers/image-spec,
 * image-layout.md).
 *
 * @param root the folder that containers find at their root
 * @returns the tar file's path, which is `archive`
 */
export function imageOf(
  root: string,
  words: ImageWords,
  archive: string,
): string {
  const layout = `${archive}.layout`;
  mkdirSync(join(layout, "blobs", "sha256"), { recursive: true });
  const layer = `${archive}.layer`;
  execFileSync("tar", [
    "-C",
    root,
    "--owner=0",
    "--group=0",
    "-cf",
    layer,
    ".",
  ]);
  writeLayout(layout, readFileSync(layer), words);
  execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
  for (const path of [layer, layout]) rmSync(path, { recursive: true });
  return archive;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function writeLayout(
  layout: string,
  layer: Buffer,
  { name, command }: ImageWords,
): void {
  const add = (kind: string, bytes: Uint8Array): Descriptor => {
    const hash = sha256(bytes);
    writeFileSync(join(layout, "blobs", "sha256", hash), bytes);
    const mediaType = `application/vnd.oci.image.${kind}`;
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Cmd: command, Env: ["PATH=/bin:/usr/bin:/usr/sbin"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: add("config.v1+json", json(config)),
    layers: [add("layer.v1.tar", layer)],
  };
  // containerd reads the first name, podman the second.
  const annotations = {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": name,
  };
  const named = { ...add("manifest.v1+json", json(manifest)), annotations };
  const index = { schemaVersion: 2, manifests: [named] };
  writeFileSync(join(layout, "index.json"), json(index));
  writeFileSync(
    join(layout, "oci-layout"),
    json({ imageLayoutVersion: "1.0.0" }),
  );
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
