import { existsSync } from "node:fs";

/** Where containerd and CRI-O serve kubelets, unless told otherwise. */
const SOCKETS = ["/run/containerd/containerd.sock", "/run/crio/crio.sock"];

/** The socket of the node's runtime; undefined where there is none. @param named what the admin says, which counts */
export function runtimeSocket(named: string | undefined): string | undefined {
  return named ?? SOCKETS.find((socket) => existsSync(socket));
}
