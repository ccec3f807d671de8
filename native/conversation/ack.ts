import { decodeAttributes, readString, readU32 } from "../attribute.ts";
import type { ExtendedAck } from "../error.ts";
import { i32, u32 } from "../field.ts";
import { decode } from "../layout.ts";
import {
  type Message,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_DONE,
  nlmsghdr,
} from "../message.ts";

/** What an NLMSG_ERROR or NLMSG_DONE message says. */
export interface Acknowledgement {
  /** Positive, or 0 for success. */
  readonly errno: number;
  readonly extack?: ExtendedAck;
}

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

/** Reads an acknowledgement, an error or a dump's end (include/uapi/linux/netlink.h). RangeError when malformed. */
export function decodeVerdict(message: Message): Acknowledgement {
  const errno = Math.abs(decode(i32, message.body));
  const extack =
    (message.flags & NLM_F_ACK_TLVS) === 0 ? undefined : decodeExtack(message);
  return extack === undefined ? { errno } : { errno, extack };
}

function decodeExtack(message: Message): ExtendedAck | undefined {
  const attributes = decodeAttributes(
    message.body.subarray(tlvOffset(message)),
  );
  const text = attributes.get(NLMSGERR_ATTR_MSG);
  const offset = attributes.get(NLMSGERR_ATTR_OFFS);
  if (text === undefined && offset === undefined) return undefined;
  return {
    ...(text && { message: readString(text) }),
    ...(offset && { offset: readU32(offset) }),
  };
}

// NLMSG_DONE: the errno, then the attributes. struct nlmsgerr: the errno, the request's header and, unless capped,
// its body, then the attributes.
function tlvOffset(message: Message): number {
  if (message.type === NLMSG_DONE) return i32.size;
  const header = i32.size + nlmsghdr.size;
  if ((message.flags & NLM_F_CAPPED) !== 0) return header;
  return i32.size + align(decode(u32, message.body, i32.size));
}

// #define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )
function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}
