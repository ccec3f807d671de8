import { CniError, ErrorCode } from "../../../cni/error.ts";
import type { Options } from "../options.ts";

/**
 * What another cluster may claim, of `--cluster-pod-cidrs`.
 *
 * @param what cannot be done without
 * @throws CniError 7 where it is not said
 */
export function allowedIn(
  { clusterPodCidrs = "" }: Pick<Options, "clusterPodCidrs">,
  what: string,
): readonly string[] {
  const allowed = clusterPodCidrs.split(",").filter((one) => one !== "");
  if (allowed.length > 0) return allowed;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot ${what}: which networks may it claim?`,
    {
      details:
        "give --cluster-pod-cidrs CIDR,CIDR: its pods' networks, and those of services that are to be reached",
    },
  );
}
