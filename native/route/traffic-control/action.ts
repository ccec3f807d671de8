import { decodeAttributeList, decodeAttributes } from "../../attribute.ts";
import { decode } from "../../layout.ts";
import { fieldsOf, present } from "../fields.ts";
import { tcMirred } from "../structs.ts";
import {
  TCA_ACT_BPF_ID,
  TCA_ACT_BPF_NAME,
  TCA_ACT_KIND,
  TCA_ACT_OPTIONS,
  TCA_EGRESS_REDIR,
  TCA_INGRESS_REDIR,
  TCA_MIRRED_PARMS,
} from "./constants.ts";

/** What a filter does to the packets that it matches, as `tc filter show` has it. */
export interface TrafficAction {
  /** "mirred", "gact", "bpf" … */
  readonly kind: string;
  /** Of mirred. */
  readonly target?: MirrorTarget;
  /** Of bpf, where it is an eBPF program. */
  readonly program?: Program;
}

/** Where mirred sends packets. */
export interface MirrorTarget {
  /** Index of a device; 0 where it is a block of several. */
  readonly index: number;
  /** Whether the packet itself goes there, not a copy. */
  readonly redirects: boolean;
}

/** An eBPF program, as the kernel names it. */
export interface Program {
  /** The kernel's number for it; Linux 4.15 and later. */
  readonly id?: number;
  readonly name: string;
}

/** Reads a filter's list of actions. RangeError when malformed. */
export function decodeActions(list: Uint8Array | undefined): TrafficAction[] {
  if (list === undefined) return [];
  return decodeAttributeList(list).map(({ value }) => decodeAction(value));
}

function decodeAction(body: Uint8Array): TrafficAction {
  const fields = fieldsOf(decodeAttributes(body));
  const kind = fields.text(TCA_ACT_KIND) ?? "";
  const options = fields.bytes(TCA_ACT_OPTIONS);
  return present({
    kind,
    target: kind === "mirred" ? decodeTarget(options) : undefined,
    program: kind === "bpf" ? decodeProgram(options) : undefined,
  });
}

function decodeTarget(
  options: Uint8Array | undefined,
): MirrorTarget | undefined {
  const parameters = options && decodeAttributes(options).get(TCA_MIRRED_PARMS);
  if (parameters === undefined) return undefined;
  const { eaction, ifindex } = decode(tcMirred, parameters);
  return {
    index: ifindex,
    redirects: eaction === TCA_EGRESS_REDIR || eaction === TCA_INGRESS_REDIR,
  };
}

/** Classic BPF, which has no name, can only judge a packet. */
function decodeProgram(options: Uint8Array | undefined): Program | undefined {
  if (options === undefined) return undefined;
  const fields = fieldsOf(decodeAttributes(options));
  const name = fields.text(TCA_ACT_BPF_NAME);
  if (name === undefined) return undefined;
  return present({ id: fields.u32(TCA_ACT_BPF_ID), name });
}
