import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { OwnWords } from "../../kubernetes/join/describe.ts";
import type { Options } from "../options.ts";

/**
 * What kosmosctl's options say of the cluster that joins.
 *
 * @throws CniError 7 for what cannot be read
 */
export function ownWords({
  cni,
  networkType,
  ipFamily,
  clusterPodCidrs,
  nodeElasticip,
}: Options): OwnWords {
  return {
    spec: {
      ...(cni === undefined ? {} : { cni }),
      ...(networkType === undefined ? {} : { mode: networkType }),
      ...(ipFamily === undefined ? {} : { ipFamily }),
      ...(clusterPodCidrs === undefined
        ? {}
        : { podCIDRs: partsOf(clusterPodCidrs) }),
    },
    elasticIPs: new Map(partsOf(nodeElasticip ?? "").map(pairIn)),
  };
}

function partsOf(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

/** IPv6 addresses have no `=`, names of Nodes neither. */
function pairIn(text: string): readonly [string, string] {
  const [node = "", address = "", ...rest] = text.split("=");
  if (node !== "" && address !== "" && rest.length === 0)
    return [node, address];
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot read "${text.slice(0, 80)}" of --node-elasticip`,
    { details: "give --node-elasticip NODE=ADDRESS,NODE=ADDRESS" },
  );
}
