import type { Request } from "../cni/request.ts";
import type { Allocation } from "./allocator.ts";
import type { IpamConfiguration } from "./configuration/network.ts";
import { type IpamContext, meshOf } from "./context.ts";
import { refuseRemote, reservedAddresses } from "./mesh.ts";
import type { RangeSet } from "./configuration/range.ts";
import { resolveRanges } from "./configuration/ranges.ts";

/**
 * What a network may give out on this node, checked against the mesh.
 *
 * @throws CniError 7 when a range is unsound, unknown, or in another cluster's CIDR
 */
export function preparePool(
  { version }: Request,
  { network, sources, ...hints }: IpamConfiguration,
  context: IpamContext,
): Pick<Allocation, "sets" | "reserved"> {
  const mesh = meshOf(hints, context);
  const podCidrs = mesh?.podCidrs;
  const sets = resolveRanges(sources, {
    version,
    ...(podCidrs && { podCidrs }),
  });
  refuseRemote(network, sets, mesh);
  return { sets, reserved: reservedAddresses(sets, mesh) };
}

/**
 * The range sets as far as the configuration alone tells them, validated: none where one of them is `auto`. For
 * commands that must work where the mesh cannot be read.
 */
export function configuredSets(
  { version }: Request,
  { sources }: IpamConfiguration,
): readonly RangeSet[] | undefined {
  return sources.includes("auto")
    ? undefined
    : resolveRanges(sources, { version });
}
