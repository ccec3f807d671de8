import {
  NetlinkError,
  type NftablesClient,
  openNftables,
} from "../../../native/index.ts";
import { type Kernel, using } from "../../kernel/kernel.ts";

/** Undefined where the kernel has no nf_tables: nfnetlink then answers EINVAL, or there is no such socket. */
export function withNftables<Result>(
  { binding, netns }: Kernel,
  use: (client: NftablesClient) => Result,
): Result | undefined {
  try {
    return using(openNftables(binding, { netns }), use);
  } catch (error) {
    if (error instanceof NetlinkError && ABSENT.includes(error.code))
      return undefined;
    throw error;
  }
}

const ABSENT = ["EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT"];
