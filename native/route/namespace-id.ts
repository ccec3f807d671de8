import {
  attrU32,
  decodeAttributes,
  encodeBody,
  readU32,
} from "../attribute.ts";
import type { Conversation } from "../conversation.ts";
import { NETNSA_FD, NETNSA_NSID, RTM_GETNSID } from "./constants.ts";

/** NETNSA_NSID_NOT_ASSIGNED of include/uapi/linux/net_namespace.h. */
const NOT_ASSIGNED = 0xffffffff;

/** struct rtgenmsg of include/uapi/linux/rtnetlink.h, a family, up to where its attributes start. */
const rtgenmsg = Uint8Array.of(0, 0, 0, 0);

/** One namespace's numbers for others, by which links name the namespace of their peer. */
export interface NamespaceNumbers {
  /**
   * This namespace's number for another; undefined where it has none, as none of its links that anybody has looked at
   * has its peer there.
   *
   * @param netns an open file of that namespace; EINVAL where it is none
   */
  namespaceId(netns: number): number | undefined;
}

export function namespaceNumbers(conversation: Conversation): NamespaceNumbers {
  return {
    namespaceId: (netns) =>
      decodeNamespaceId(
        conversation.ask({
          operation: "RTM_GETNSID",
          type: RTM_GETNSID,
          body: encodeNamespaceQuery(netns),
          action: () =>
            `get the number of the network namespace of fd ${netns}`,
        }).body,
      ),
  };
}

/** Body of an RTM_GETNSID request. */
export function encodeNamespaceQuery(netns: number): Uint8Array {
  return encodeBody(rtgenmsg, [attrU32(NETNSA_FD, netns)]);
}

/** Reads the body of an RTM_NEWNSID message. RangeError when malformed. */
export function decodeNamespaceId(body: Uint8Array): number | undefined {
  const value = decodeAttributes(body.subarray(rtgenmsg.length)).get(
    NETNSA_NSID,
  );
  const id = value === undefined ? NOT_ASSIGNED : readU32(value);
  return id === NOT_ASSIGNED ? undefined : id;
}
