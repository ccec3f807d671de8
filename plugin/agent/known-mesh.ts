import type { NetworkConfiguration } from "../../conf/network.ts";
import type { Mesh } from "../../ipam/mesh.ts";
import { meshOfNode } from "../handlers/ipam.ts";
import type { LinkedNode } from "../node/linked.ts";
import type { Keeper } from "./keeper.ts";

/** What crosslink-ipam has to know of the mesh, as long as the keeper knows the node by the same files. */
export function knownMesh({
  known,
}: Pick<Keeper, "known">): (config: NetworkConfiguration) => Mesh | undefined {
  let last: { readonly node: LinkedNode; readonly mesh: Mesh } | undefined;
  return (config) => {
    const node = known(config);
    if (node === undefined) return undefined;
    if (last?.node !== node) last = { node, mesh: meshOfNode(node) };
    return last.mesh;
  };
}
