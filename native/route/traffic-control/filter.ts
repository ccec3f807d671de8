import { decodeAttributes } from "../../attribute.ts";
import { decode, encode } from "../../layout.ts";
import { fieldsOf, present } from "../fields.ts";
import { tcmsg } from "../structs.ts";
import { decodeActions, type Program, type TrafficAction } from "./action.ts";
import {
  ACTIONS_BY_KIND,
  INGRESS_PARENT,
  TCA_BPF_FLAG_ACT_DIRECT,
  TCA_BPF_FLAGS,
  TCA_BPF_ID,
  TCA_BPF_NAME,
  TCA_BPF_OPS,
  TCA_KIND,
  TCA_OPTIONS,
} from "./constants.ts";

/** A filter of what a device receives, as `tc filter show dev DEV ingress` has it. */
export interface TrafficFilter {
  /** "bpf", "u32", "flower", "matchall" … */
  readonly kind: string;
  readonly actions: readonly TrafficAction[];
  /** Of bpf with direct-action: an eBPF program whose verdict counts, which may be to hand the packet to another device. */
  readonly program?: Program;
}

/** Body of an RTM_GETTFILTER dump request: the filters of what the device receives. */
export function encodeFilterQuery(index: number): Uint8Array {
  return encode(tcmsg, { tcm_ifindex: index, tcm_parent: INGRESS_PARENT });
}

/** Reads the body of an RTM_NEWTFILTER message. RangeError when malformed. */
export function decodeFilter(body: Uint8Array): TrafficFilter {
  decode(tcmsg, body);
  const fields = fieldsOf(decodeAttributes(body.subarray(tcmsg.size)));
  const kind = fields.text(TCA_KIND) ?? "";
  const options = fields.bytes(TCA_OPTIONS);
  const attributes = decodeAttributes(options ?? new Uint8Array(0));
  const actions = ACTIONS_BY_KIND[kind];
  return present({
    kind,
    actions:
      actions === undefined ? [] : decodeActions(attributes.get(actions)),
    program: kind === "bpf" ? decodeProgram(attributes) : undefined,
  });
}

/** Undefined for classic BPF, and for a program that only classifies: neither can redirect by itself. */
function decodeProgram(
  attributes: ReadonlyMap<number, Uint8Array>,
): Program | undefined {
  const fields = fieldsOf(attributes);
  const flags = fields.u32(TCA_BPF_FLAGS) ?? 0;
  if (attributes.has(TCA_BPF_OPS) || (flags & TCA_BPF_FLAG_ACT_DIRECT) === 0)
    return undefined;
  return present({
    id: fields.u32(TCA_BPF_ID),
    name: fields.text(TCA_BPF_NAME) ?? "",
  });
}
