import type { Binding } from "../native/index.ts";
import type { IpamConfiguration } from "./configuration/network.ts";
import type { Mesh } from "./mesh.ts";
import type { NetworkFolder } from "./folder/network-folder.ts";

/** Where to learn about the mesh, in the words of the chained plugin's configuration; both may be left out. */
export interface MeshHints {
  readonly clustersDir?: string;
  readonly node?: string;
}

/** What the IPAM helper needs from whoever runs it. */
export interface IpamContext {
  /** The addon; called at most when a store is opened. */
  readonly binding: () => Binding;
  /** How long locks of other programs are waited for; asked where a store is opened. */
  readonly patience?: NetworkFolder["patience"];
  /**
   * Called where a range set is exhausted in a process that may not see the node's namespaces, as an agent in a container:
   * the call is left to one that does, and this one's answer is given to nobody. Absent where this process does.
   */
  readonly leave?: () => void;
  /** Another place than `/run/crosslink/ipam` for what may be lost with a reboot. */
  readonly runDirectory?: string;
  /** Another place than `/var/lib/crosslink/ipam` for notes of who got what. */
  readonly stateDirectory?: string;
  /** Another place than `/var/lib/cni/results` for libcni's cache. */
  readonly resultsDir?: string;
  /** What is known of the mesh; undefined where this node is in none. May throw a CniError that says what is wrong. */
  readonly mesh: (hints: MeshHints) => Mesh | undefined;
}

/** What is known of the mesh, by the hints in the configuration. */
export function meshOf(
  { clustersDir, node }: MeshHints,
  context: IpamContext,
): Mesh | undefined {
  return context.mesh({
    ...(clustersDir !== undefined && { clustersDir }),
    ...(node !== undefined && { node }),
  });
}

/** The configuration's network in the store. */
export function placeOf(
  { directory }: IpamConfiguration,
  { binding, patience, runDirectory, stateDirectory }: IpamContext,
): NetworkFolder {
  return {
    directory,
    binding,
    ...(patience !== undefined && { patience }),
    ...(runDirectory !== undefined && { runDirectory }),
    ...(stateDirectory !== undefined && { stateDirectory }),
  };
}
