import { decodeAttributes } from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import { fieldsOf } from "../fields.ts";
import { tcmsg } from "../structs.ts";
import { TCA_KIND } from "./constants.ts";

/** A queueing discipline of a device, as `tc qdisc show` has it. */
export interface Qdisc {
  readonly index: number;
  /** "noqueue", "fq_codel", "ingress", "clsact" … */
  readonly kind: string;
}

/** Body of an RTM_GETQDISC dump request: those of all devices. */
export function encodeQdiscQuery(): Uint8Array {
  return encode(tcmsg, {});
}

/** Reads the body of an RTM_NEWQDISC message. RangeError when malformed. */
export function decodeQdisc(body: Uint8Array): Qdisc {
  const { tcm_ifindex: index } = decode(tcmsg, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(tcmsg.size)));
  return { index, kind: fields.text(TCA_KIND) ?? "" };
}
