import { CniError, ErrorCode } from "../../cni/error.ts";
import { type FileRules, readFileChecked } from "../../conf/document/file.ts";
import { type Cidr, parseAddressWithPrefix } from "../../ip/cidr.ts";

/** Where flanneld leaves the node's lease. */
export const SUBNET_FILE = "/run/flannel/subnet.env";

/**
 * This node's pod CIDRs as flanneld wrote them: FLANNEL_SUBNET and FLANNEL_IPV6_SUBNET, which are
 * the bridge's address with the network's prefix length.
 *
 * @throws CniError 5 where the file cannot be read, 7 where it holds no subnet
 */
export function readFlannelSubnets(path: string = SUBNET_FILE): Cidr[] {
  const subnets = parseSubnetFile(readSubnetFile(path));
  if (subnets.length > 0) return subnets;
  throw new CniError(
    ErrorCode.invalidConfiguration,
    `Cannot find FLANNEL_SUBNET in "${path}"`,
    {
      details: "flanneld writes it when it has a lease: look at flanneld's log",
    },
  );
}

/** The networks in the text of a subnet file; lines that are no subnet are left out. */
export function parseSubnetFile(text: string): Cidr[] {
  return text
    .split("\n")
    .map((line) => /^\s*FLANNEL_(?:IPV6_)?SUBNET=(\S+)\s*$/.exec(line)?.[1])
    .filter((value) => value !== undefined)
    .map((value) => parseAddressWithPrefix(value).network);
}

/** flanneld writes a few lines. */
const RULES: FileRules = {
  kind: "subnet file",
  fixIfMissing: "flanneld writes it when it has a lease",
  byteLimit: 64 * 1024,
  check: () => undefined,
};

function readSubnetFile(path: string): string {
  try {
    return readFileChecked(path, RULES);
  } catch (cause) {
    throw new CniError(
      ErrorCode.io,
      `Cannot read "${path}", which holds this node's pod CIDR`,
      {
        details: `${cause instanceof Error ? cause.message : String(cause)}. Is flanneld running? Otherwise give this node's podCIDRs in the cluster file`,
        cause,
      },
    );
  }
}
