import {
  attrBe32,
  attrString,
  decodeAttributes,
  nested,
  readBe32,
  readBe64,
  readString,
} from "../attribute.ts";
import type { Attribute } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { NLM_F_CREATE } from "../message.ts";
import { decodeNetfilter } from "../nfnetlink.ts";
import {
  NF_ACCEPT,
  NF_DROP,
  NFT_MSG_DELCHAIN,
  NFT_MSG_GETCHAIN,
  NFT_MSG_NEWCHAIN,
  NFTA_CHAIN_HANDLE,
  NFTA_CHAIN_HOOK,
  NFTA_CHAIN_NAME,
  NFTA_CHAIN_POLICY,
  NFTA_CHAIN_TABLE,
  NFTA_CHAIN_TYPE,
  NFTA_HOOK_DEVS,
  NFTA_HOOK_HOOKNUM,
  NFTA_HOOK_PRIORITY,
} from "./constants.ts";
import { decodeDevices } from "./devices.ts";
import { familyName, nftRequest } from "./request.ts";
import type { TableName } from "./table.ts";

/** Names a chain. */
export interface ChainName extends TableName {
  readonly chain: string;
}

/** Where a base chain is called from. */
export interface Hook {
  readonly type: "filter" | "nat" | "route";
  /** `NF_INET_POST_ROUTING` and its like. */
  readonly hook: number;
  /** Lower runs earlier. */
  readonly priority: number;
  readonly policy: "accept" | "drop";
}

/** A chain in the kernel. */
export interface ObservedChain extends ChainName {
  readonly handle: bigint;
  /** Undefined for a chain that is only jumped to. */
  readonly base?: ObservedHook;
}

/** As the kernel tells it: types and hooks of other families included. */
export interface ObservedHook {
  readonly type: string;
  readonly hook: number;
  readonly priority: number;
  /** Where it sees the packets of some devices only: their names; `eth*` for all that begin so. */
  readonly devices?: readonly string[];
  readonly policy: "accept" | "drop";
}

/** Adds the chain, or leaves it as it is where it is there. EOPNOTSUPP or ENOENT where the kernel lacks its type. */
export function addChain(name: ChainName, base?: Hook): Request {
  return nftRequest({
    operation: "NFT_MSG_NEWCHAIN",
    message: NFT_MSG_NEWCHAIN,
    family: name.family,
    flags: NLM_F_CREATE,
    attributes: [
      attrString(NFTA_CHAIN_TABLE, name.table),
      attrString(NFTA_CHAIN_NAME, name.chain),
      ...(base === undefined ? [] : encodeHook(base)),
    ],
    action: () => `add chain ${describe(name)}`,
  });
}

/** Deletes the chain, whose rules must have gone before (EBUSY otherwise). ENOENT where it is not there. */
export function deleteChain(name: ChainName): Request {
  return nftRequest({
    operation: "NFT_MSG_DELCHAIN",
    message: NFT_MSG_DELCHAIN,
    family: name.family,
    attributes: [
      attrString(NFTA_CHAIN_TABLE, name.table),
      attrString(NFTA_CHAIN_NAME, name.chain),
    ],
    action: () => `delete chain ${describe(name)}`,
  });
}

/** Asks for the chains of a family, or of all with `NFPROTO_UNSPEC`. The kernel has no filter by table. */
export function dumpChains(family: number): Request {
  return nftRequest({
    operation: "NFT_MSG_GETCHAIN",
    message: NFT_MSG_GETCHAIN,
    family,
    attributes: [],
    action: () => "list nf_tables chains",
  });
}

/** The chain in the body of an `NFT_MSG_NEWCHAIN` message. RangeError when malformed. */
export function decodeChain(body: Uint8Array): ObservedChain {
  const { family, attributes } = decodeNetfilter(body);
  const text = (type: number) =>
    readString(attributes.get(type) ?? new Uint8Array(0));
  const handle = attributes.get(NFTA_CHAIN_HANDLE);
  const hook = attributes.get(NFTA_CHAIN_HOOK);
  const policy = attributes.get(NFTA_CHAIN_POLICY);
  return {
    family,
    table: text(NFTA_CHAIN_TABLE),
    chain: text(NFTA_CHAIN_NAME),
    handle: handle === undefined ? 0n : readBe64(handle),
    ...(hook === undefined
      ? {}
      : {
          base: {
            ...decodeHook(hook),
            type: text(NFTA_CHAIN_TYPE),
            policy:
              policy !== undefined && readBe32(policy) === NF_DROP
                ? "drop"
                : "accept",
          },
        }),
  };
}

/** `ip nat POSTROUTING`, as `nft` names a chain. */
export function describe({ family, table, chain }: ChainName): string {
  return `${familyName(family)} ${table} ${chain}`;
}

function encodeHook({ type, hook, priority, policy }: Hook): Attribute[] {
  return [
    attrString(NFTA_CHAIN_TYPE, type),
    attrBe32(NFTA_CHAIN_POLICY, policy === "drop" ? NF_DROP : NF_ACCEPT),
    nested(NFTA_CHAIN_HOOK, [
      attrBe32(NFTA_HOOK_HOOKNUM, hook),
      attrBe32(NFTA_HOOK_PRIORITY, priority >>> 0),
    ]),
  ];
}

function decodeHook(
  bytes: Uint8Array,
): Pick<ObservedHook, "hook" | "priority" | "devices"> {
  const attributes = decodeAttributes(bytes);
  const hook = attributes.get(NFTA_HOOK_HOOKNUM);
  const priority = attributes.get(NFTA_HOOK_PRIORITY);
  const devices = decodeDevices(attributes.get(NFTA_HOOK_DEVS));
  return {
    hook: hook === undefined ? 0 : readBe32(hook),
    priority: priority === undefined ? 0 : readBe32(priority) | 0,
    ...(devices.length === 0 ? {} : { devices }),
  };
}
