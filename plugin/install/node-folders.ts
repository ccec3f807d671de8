import { join } from "node:path";

/** The places of a node that installing touches, below its root. */
export interface NodeFolders {
  readonly root: string;
  /** Where runtimes look for plugins. */
  readonly programs: string;
  /** Where runtimes look for conflists. */
  readonly conflists: string;
  /** Where libcni keeps what it called ADD with. */
  readonly cache: string;
}

/** The folders of the node whose root is mounted here: "/" for this machine. */
export function nodeFolders(root = "/"): NodeFolders {
  return {
    root,
    programs: join(root, "opt/cni/bin"),
    conflists: join(root, "etc/cni/net.d"),
    cache: join(root, "var/lib/cni/results"),
  };
}

/** A path as the node has it, as this process finds it. */
export function below(root: string, path: string): string {
  const isBelow = root !== "/" && path.startsWith(join(root, "/"));
  return isBelow ? path : join(root, path);
}
