import { decodeAttributes, readString } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { decodeNetfilter, NFPROTO_UNSPEC } from "../nfnetlink.ts";
import {
  NFT_MSG_GETFLOWTABLE,
  NFTA_FLOWTABLE_HOOK,
  NFTA_FLOWTABLE_HOOK_DEVS,
  NFTA_FLOWTABLE_NAME,
  NFTA_FLOWTABLE_TABLE,
} from "./constants.ts";
import { decodeDevices } from "./devices.ts";
import { nftRequest } from "./request.ts";

/** Where established connections take a short way past all chains, as `nft list flowtables` has it. */
export interface Flowtable {
  readonly family: number;
  readonly table: string;
  readonly name: string;
  /** The names of the devices whose packets it takes; `eth*` for all that begin so. */
  readonly devices: readonly string[];
}

/** Asks for those of all families and tables. */
export function dumpFlowtables(): Request {
  return nftRequest({
    operation: "NFT_MSG_GETFLOWTABLE",
    message: NFT_MSG_GETFLOWTABLE,
    family: NFPROTO_UNSPEC,
    attributes: [],
    action: () => "list the flowtables",
  });
}

/** The flowtable in the body of an `NFT_MSG_NEWFLOWTABLE` message. RangeError when malformed. */
export function decodeFlowtable(body: Uint8Array): Flowtable {
  const { family, attributes } = decodeNetfilter(body);
  const text = (type: number) => readString(attributes.get(type) ?? NOTHING);
  const hook = decodeAttributes(attributes.get(NFTA_FLOWTABLE_HOOK) ?? NOTHING);
  return {
    family,
    table: text(NFTA_FLOWTABLE_TABLE),
    name: text(NFTA_FLOWTABLE_NAME),
    devices: decodeDevices(hook.get(NFTA_FLOWTABLE_HOOK_DEVS)),
  };
}

const NOTHING = new Uint8Array(0);
