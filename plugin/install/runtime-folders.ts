import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readSmallFile } from "../../files/read.ts";
import type { NodeFolders } from "./node-folders.ts";

/** Where a runtime says which folders it looks in: containerd (k3s' and RKE2's, too), CRI-O. */
const FILES = [
  "etc/containerd/config.toml",
  "var/lib/rancher/k3s/agent/etc/containerd/config.toml",
  "var/lib/rancher/rke2/agent/etc/containerd/config.toml",
  "etc/crio/crio.conf",
];

/** What CRI-O reads after its own file. */
const FOLDERS = ["etc/crio/crio.conf.d"];

/** The keys of both runtimes, which take a string or a list of strings. */
const PLUGINS = ["bin_dir", "bin_dirs", "plugin_dir", "plugin_dirs"];
const CONFLISTS = ["conf_dir", "network_dir"];

/** A file is small; what is larger is none. */
const BYTE_LIMIT = 1024 * 1024;

/**
 * A sentence for each folder that a runtime of this node has been told to use in place of the one that crosslink installs
 * into, with what to do. Throws nothing: these files are others'.
 */
export function otherFolders({
  root,
  programs,
  conflists,
}: NodeFolders): string[] {
  const onNode = (path: string): string =>
    root === "/" ? path : path.slice(root.length);
  return runtimeFiles(root).flatMap((file) => {
    const text = read(file);
    const bins = values(text, PLUGINS);
    const confs = values(text, CONFLISTS);
    const [bin, conf] = [onNode(programs), onNode(conflists)];
    return [
      ...(bins.length === 0 || bins.some((path) => same(path, bin))
        ? []
        : [
            `${onNode(file)} says that plugins are in "${bins.join('", "')}", not in ${bin}: let the runtime find crosslink's there: ln -sf ${bin}/crosslink ${bin}/crosslink.full ${bin}/crosslink-ipam ${String(bins[0])}/`,
          ]),
      ...(confs.length === 0 || confs.some((path) => same(path, conf))
        ? []
        : [
            `${onNode(file)} says that conflists are in "${confs.join('", "')}", not in ${conf}: name the one there: crosslink install --conflist ${String(confs[0])}/NAME.conflist`,
          ]),
    ];
  });
}

function same(one: string, other: string): boolean {
  return join(one, "/") === join(other, "/");
}

function runtimeFiles(root: string): string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    list(join(root, folder)).map((name) => join(folder, name)),
  );
  return [...FILES, ...inFolders].map((path) => join(root, path));
}

/** The values of these keys in a TOML text, comments left out: no parser is needed for strings and lists of them. */
function values(text: string, keys: readonly string[]): string[] {
  const line = new RegExp(
    `^[ \\t]*(?:${keys.join("|")})[ \\t]*=[ \\t]*(\\[[^\\]]*\\]|"[^"\\n]*"|'[^'\\n]*')`,
    "gm",
  );
  return [...text.matchAll(line)]
    .flatMap(([, value = ""]) => [...value.matchAll(/["']([^"'\n]+)["']/g)])
    .map(([, path = ""]) => path);
}

function read(path: string): string {
  try {
    return readSmallFile(path, { byteLimit: BYTE_LIMIT }) ?? "";
  } catch {
    return ""; // no such runtime here
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".conf"))
      .sort();
  } catch {
    return [];
  }
}
