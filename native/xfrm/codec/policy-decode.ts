import { AF_INET, AF_INET6 } from "../../address.ts";
import { readU32 } from "../../attribute.ts";
import { be32, u16, u32 } from "../../field.ts";
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
import { type AddressReader, readAddress } from "./address.ts";
import { eachAttribute, type AttributeSpan } from "./attributes.ts";
import { isUnlimited, readLifetime } from "./lifetime.ts";
import { readMark } from "./mark.ts";
import { decodeMode } from "./mode.ts";
import { readSelector } from "./selector.ts";
import type { Source, Writable } from "./source.ts";

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
 * Throws RangeError where the body is cut short. Everything is read at its offset in the body, without decode() and
 * objects in between: thousands of policies are read whenever a command starts.
 */
export function decodePolicy(
  body: Uint8Array,
  address: AddressReader = readAddress,
): ObservedPolicy {
  const view = viewStruct(body, xfrmUserpolicyInfo);
  const source: Source = { view, address, foreign: [] };
  const policy = readInfo(source);
  eachAttribute(view, xfrmUserpolicyInfo.size, (attribute) => {
    addAttribute(policy, source, attribute);
  });
  return policy;
}

function readInfo(source: Source): Writable<ObservedPolicy> {
  const { view, foreign } = source;
  const policy: Writable<ObservedPolicy> = {
    selector: readSelector(source, INFO.sel),
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
  source: Source,
  { type, start, end }: AttributeSpan,
): void {
  const { view, foreign } = source;
  switch (type) {
    case XFRMA_TMPL:
      policy.templates = readTemplates(source, start, end);
      break;
    case XFRMA_MARK:
      policy.mark = readMark(bytesAt(view, start, end));
      break;
    case XFRMA_IF_ID:
      policy.ifId = readU32(bytesAt(view, start, end));
      break;
    case XFRMA_POLICY_TYPE:
      if (view.getUint8(start) !== XFRM_POLICY_TYPE_MAIN)
        foreign.push("policy of the sub database");
      break;
    case XFRMA_PAD:
      break;
    default:
      foreign.push(FOREIGN_ATTRIBUTES[type] ?? `attribute ${type}`);
  }
}

function bytesAt(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start);
}

function readTemplates(source: Source, start: number, end: number): Template[] {
  if ((end - start) % xfrmUserTmpl.size !== 0)
    throw new RangeError(
      `Cannot decode templates: ${end - start} bytes are no multiple of ${xfrmUserTmpl.size}`,
    );
  if (end - start === xfrmUserTmpl.size) return [readTemplate(source, start)];
  const templates: Template[] = [];
  for (let base = start; base < end; base += xfrmUserTmpl.size)
    templates.push(readTemplate(source, base));
  return templates;
}

function readTemplate(source: Source, base: number): Template {
  const { view, address } = source;
  const family = u16.read(view, base + TEMPLATE.family);
  const template: Writable<Template> = {
    source: address(view, base + TEMPLATE.saddr, family),
    destination: address(view, base + TEMPLATE.id + ID.daddr, family),
    reqid: u32.read(view, base + TEMPLATE.reqid),
    mode: decodeMode(view.getUint8(base + TEMPLATE.mode)),
  };
  const spi = be32.read(view, base + TEMPLATE.id + ID.spi);
  const protocol = view.getUint8(base + TEMPLATE.id + ID.proto);
  if (spi !== 0) template.spi = spi;
  if (protocol !== IPPROTO_ESP) template.protocol = protocol;
  if (view.getUint8(base + TEMPLATE.optional) !== 0) template.optional = true;
  noteForeignTemplate(source, base, family);
  return template;
}

function noteForeignTemplate(
  { view, foreign }: Source,
  base: number,
  family: number,
): void {
  if (family !== AF_INET && family !== AF_INET6)
    foreign.push(`template of family ${family}`);
  const share = view.getUint8(base + TEMPLATE.share);
  if (share !== 0) foreign.push(`template's share ${share}`);
  if (
    u32.read(view, base + TEMPLATE.aalgos) !== ANY_ALGORITHM ||
    u32.read(view, base + TEMPLATE.ealgos) !== ANY_ALGORITHM ||
    u32.read(view, base + TEMPLATE.calgos) !== ANY_ALGORITHM
  )
    foreign.push("template's choice of algorithms");
}
