import {
  type Attribute,
  attrBytes,
  encodeAttributes,
} from "../../attribute.ts";
import { encode } from "../../layout.ts";
import {
  IPPROTO_ESP,
  XFRM_POLICY_ALLOW,
  XFRM_POLICY_BLOCK,
  XFRM_POLICY_FWD,
  XFRM_POLICY_IN,
  XFRM_POLICY_OUT,
  XFRMA_TMPL,
} from "../constants.ts";
import type { Direction, PolicyId, SecurityPolicy, Template } from "../sp.ts";
import {
  xfrmUserpolicyId,
  xfrmUserpolicyInfo,
  xfrmUserTmpl,
} from "../structs.ts";
import { commonFamily } from "./address.ts";
import { UNLIMITED } from "./lifetime.ts";
import { markAttributes } from "./mark.ts";
import { encodeMode } from "./mode.ts";
import { selectorFields } from "./selector.ts";

const ANY_ALGORITHM = 0xffff_ffff;

/** Body of `XFRM_MSG_NEWPOLICY` and `XFRM_MSG_UPDPOLICY`. Byte for byte what `ip xfrm policy add` sends. */
export function encodePolicy(policy: SecurityPolicy): Uint8Array {
  const { templates, index, flags, priority } = policy;
  const info = encode(xfrmUserpolicyInfo, {
    sel: selectorFields(policy.selector),
    lft: UNLIMITED,
    priority,
    index,
    dir: encodeDirection(policy.direction),
    action: policy.action === "allow" ? XFRM_POLICY_ALLOW : XFRM_POLICY_BLOCK,
    flags,
  });
  const list: Attribute[] = markAttributes(policy);
  if (templates.length > 0)
    list.unshift(
      attrBytes(XFRMA_TMPL, Buffer.concat(templates.map(encodeTemplate))),
    );
  return Buffer.concat([info, encodeAttributes(list)]);
}

/** Body of `XFRM_MSG_DELPOLICY` and `XFRM_MSG_GETPOLICY`. Byte for byte what `ip xfrm policy delete` sends. */
export function encodePolicyId(id: PolicyId): Uint8Array {
  const fixed = encode(xfrmUserpolicyId, {
    sel: selectorFields(id.selector),
    dir: encodeDirection(id.direction),
  });
  return Buffer.concat([fixed, encodeAttributes(markAttributes(id))]);
}

function encodeTemplate(template: Template): Uint8Array {
  const { source, destination, protocol = IPPROTO_ESP, spi, reqid } = template;
  return encode(xfrmUserTmpl, {
    id: { daddr: destination, spi, proto: protocol },
    family: commonFamily(source, destination),
    saddr: source,
    reqid,
    mode: encodeMode(template.mode),
    optional: template.optional === true ? 1 : 0,
    aalgos: ANY_ALGORITHM,
    ealgos: ANY_ALGORITHM,
    calgos: ANY_ALGORITHM,
  });
}

function encodeDirection(direction: Direction): number {
  if (direction === "in") return XFRM_POLICY_IN;
  if (direction === "out") return XFRM_POLICY_OUT;
  if (direction === "fwd") return XFRM_POLICY_FWD;
  throw new RangeError(
    `Cannot encode a policy of direction "${direction}": only its program can change it`,
  );
}
