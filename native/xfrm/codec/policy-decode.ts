import { AF_INET, AF_INET6 } from "../../address.ts";
import {
  type Attribute,
  decodeAttributeList,
  readU32,
  readU8,
} from "../../attribute.ts";
import { be32, u16, u32 } from "../../layout.ts";
import {
  FOREIGN_ATTRIBUTES,
  IPPROTO_ESP,
  XFRM_POLICY_ALLOW,
  XFRM_POLICY_BLOCK,
  XFRM_POLICY_MAX,
  XFRM_POLICY_TYPE_MAIN,
  XFRMA_IF_ID,
  XFRMA_MARK,
  XFRMA_PAD,
  XFRMA_POLICY_TYPE,
  XFRMA_TMPL,
} from "../constants.ts";
import type { Direction, ObservedPolicy, Template } from "../sp.ts";
import {
  viewStruct,
  xfrmId,
  xfrmUserpolicyInfo,
  xfrmUserTmpl,
} from "../structs.ts";
import { readAddress } from "./address.ts";
import { isUnlimited, readLifetime } from "./lifetime.ts";
import { readMark } from "./mark.ts";
import { decodeMode } from "./mode.ts";
import { readSelector } from "./selector.ts";
import type { Writable } from "./writable.ts";

const ANY_ALGORITHM = 0xffff_ffff;
const ID = xfrmId.offsets;
const INFO = xfrmUserpolicyInfo.offsets;
const TEMPLATE = xfrmUserTmpl.offsets;
const DIRECTIONS: readonly Direction[] = [
  "in",
  "out",
  "fwd",
  "socket in",
  "socket out",
];

/**
 * The policy in the body of `XFRM_MSG_NEWPOLICY` or `XFRM_MSG_UPDPOLICY`, a dump's or a notification's.
 * Throws RangeError where the body is cut short.
 */
export function decodePolicy(body: Uint8Array): ObservedPolicy {
  return policyFrom(
    body,
    decodeAttributeList(body.subarray(xfrmUserpolicyInfo.size)),
  );
}

/**
 * The policy in a `struct xfrm_userpolicy_info` and the attributes that came with it. Throws RangeError when short.
 * Fields are read at their offsets, not by decode(): thousands of policies are read whenever a command starts.
 */
export function policyFrom(
  info: Uint8Array,
  attributes: readonly Attribute[],
): ObservedPolicy {
  const view = viewStruct(info, xfrmUserpolicyInfo);
  const foreign: string[] = [];
  const policy: Writable<ObservedPolicy> = {
    selector: readSelector(view, INFO.sel, foreign),
    direction: readDirection(view, foreign),
    action:
      view.getUint8(INFO.action) === XFRM_POLICY_ALLOW ? "allow" : "block",
    priority: u32.read(view, INFO.priority),
    templates: [],
    index: u32.read(view, INFO.index),
    current: readLifetime(view, INFO.curlft),
    foreign,
  };
  const flags = view.getUint8(INFO.flags);
  if (flags !== 0) policy.flags = flags;
  noteForeign(view, foreign);
  for (const attribute of attributes) addAttribute(policy, attribute, foreign);
  return policy;
}

function readDirection(view: DataView, foreign: string[]): Direction {
  const number = view.getUint8(INFO.dir);
  if (number >= XFRM_POLICY_MAX) foreign.push("policy of one socket");
  if (number >= DIRECTIONS.length) foreign.push(`direction ${number}`);
  return DIRECTIONS[number] ?? "socket out";
}

function noteForeign(view: DataView, foreign: string[]): void {
  const action = view.getUint8(INFO.action);
  if (action > XFRM_POLICY_BLOCK) foreign.push(`action ${action}`);
  const share = view.getUint8(INFO.share);
  if (share !== 0) foreign.push(`share ${share}`);
  if (!isUnlimited(view, INFO.lft)) foreign.push("lifetime limits");
}

function addAttribute(
  policy: Writable<ObservedPolicy>,
  { type, value }: Attribute,
  foreign: string[],
): void {
  switch (type) {
    case XFRMA_TMPL:
      policy.templates = readTemplates(value, foreign);
      break;
    case XFRMA_MARK:
      policy.mark = readMark(value);
      break;
    case XFRMA_IF_ID:
      policy.ifId = readU32(value);
      break;
    case XFRMA_POLICY_TYPE:
      if (readU8(value) !== XFRM_POLICY_TYPE_MAIN)
        foreign.push("policy of the sub database");
      break;
    case XFRMA_PAD:
      break;
    default:
      foreign.push(FOREIGN_ATTRIBUTES[type] ?? `attribute ${type}`);
  }
}

function readTemplates(value: Uint8Array, foreign: string[]): Template[] {
  const templates: Template[] = [];
  for (let base = 0; base < value.length; base += xfrmUserTmpl.size)
    templates.push(
      readTemplate(viewStruct(value.subarray(base), xfrmUserTmpl), foreign),
    );
  return templates;
}

function readTemplate(view: DataView, foreign: string[]): Template {
  const family = u16.read(view, TEMPLATE.family);
  const template: Writable<Template> = {
    source: readAddress(view, TEMPLATE.saddr, family),
    destination: readAddress(view, TEMPLATE.id + ID.daddr, family),
    reqid: u32.read(view, TEMPLATE.reqid),
    mode: decodeMode(view.getUint8(TEMPLATE.mode)),
  };
  const spi = be32.read(view, TEMPLATE.id + ID.spi);
  const protocol = view.getUint8(TEMPLATE.id + ID.proto);
  if (spi !== 0) template.spi = spi;
  if (protocol !== IPPROTO_ESP) template.protocol = protocol;
  if (view.getUint8(TEMPLATE.optional) !== 0) template.optional = true;
  noteForeignTemplate(view, family, foreign);
  return template;
}

function noteForeignTemplate(
  view: DataView,
  family: number,
  foreign: string[],
): void {
  if (family !== AF_INET && family !== AF_INET6)
    foreign.push(`template of family ${family}`);
  const share = view.getUint8(TEMPLATE.share);
  if (share !== 0) foreign.push(`template's share ${share}`);
  if (
    u32.read(view, TEMPLATE.aalgos) !== ANY_ALGORITHM ||
    u32.read(view, TEMPLATE.ealgos) !== ANY_ALGORITHM ||
    u32.read(view, TEMPLATE.calgos) !== ANY_ALGORITHM
  )
    foreign.push("template's choice of algorithms");
}
