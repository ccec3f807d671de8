import { join } from "node:path";
import type { ProgramFolders } from "../programs/build.ts";
import type { Conflist } from "./base.ts";
import type { Node } from "./node.ts";

/**
 * Writes a conflist as the init container of Calico's DaemonSet does: its own program, which sees the node's folders below
 * /host and its plugins in /opt/cni/bin, and leaves those alone that the node has. It writes in place, not by rename.
 */
export async function runCalicoInstaller(
  node: Node,
  programs: ProgramFolders,
  conflist: Conflist,
): Promise<void> {
  const words = [
    `CNI_NETWORK_CONFIG=${JSON.stringify(conflist)}`,
    "CNI_NET_DIR=/etc/cni/net.d",
    "UPDATE_CNI_BINARIES=false",
    "SLEEP=false",
  ];
  const program = join(programs.get("calico-installer") ?? "", "install");
  const inContainer = ["unshare", "--mount", "bash", "-ec", SEES_NODE];
  await node.run([...inContainer, "env", ...words, program]);
}

const SEES_NODE = `
  for folder in /opt/cni/bin /etc/cni/net.d; do
    mkdir -p "/host$folder"
    mount --bind "$folder" "/host$folder"
  done
  exec "$0" "$@"`;
