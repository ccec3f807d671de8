import { formatAddress, formatPrefix } from "../address.ts";
import { attrBytes, encodeAttributes } from "../attribute.ts";
import type { Request } from "../conversation.ts";
import { u32 } from "../field.ts";
import { encode } from "../layout.ts";
import { NLM_F_REPLACE } from "../message.ts";
import {
  XFRM_MSG_DELPOLICY,
  XFRM_MSG_DELSA,
  XFRM_MSG_GETDEFAULT,
  XFRM_MSG_GETPOLICY,
  XFRM_MSG_GETSA,
  XFRM_MSG_GETSADINFO,
  XFRM_MSG_GETSPDINFO,
  XFRM_MSG_NEWAE,
  XFRM_MSG_NEWPOLICY,
  XFRM_MSG_NEWSA,
  XFRM_MSG_UPDPOLICY,
  XFRM_MSG_UPDSA,
  XFRMA_ADDRESS_FILTER,
} from "./constants.ts";
import type {
  AssociationId,
  CurrentChange,
  SecurityAssociation,
} from "./sa.ts";
import {
  encodeAssociation,
  encodeAssociationId,
  encodeCurrent,
} from "./codec/association-encode.ts";
import { encodePolicy, encodePolicyId } from "./codec/policy-encode.ts";
import type { PolicyId, SecurityPolicy } from "./sp.ts";
import { xfrmAddressFilter, xfrmUserpolicyDefault } from "./structs.ts";

/** `ip xfrm state add`. */
export function addAssociation(sa: SecurityAssociation): Request {
  return {
    operation: "XFRM_MSG_NEWSA",
    action: () => `add ${nameAssociation(sa)}`,
    type: XFRM_MSG_NEWSA,
    body: encodeAssociation(sa),
  };
}

/** `ip xfrm state update`. */
export function updateAssociation(sa: SecurityAssociation): Request {
  return {
    operation: "XFRM_MSG_UPDSA",
    action: () => `update ${nameAssociation(sa)}`,
    type: XFRM_MSG_UPDSA,
    body: encodeAssociation(sa),
  };
}

/** `ip xfrm state delete`. */
export function deleteAssociation(id: AssociationId): Request {
  return {
    operation: "XFRM_MSG_DELSA",
    action: () => `delete ${nameAssociation(id)}`,
    type: XFRM_MSG_DELSA,
    body: encodeAssociationId(id),
  };
}

/**
 * Sets what an SA has carried and when it was made, which iproute2 cannot: xfrm_new_ae() in net/xfrm/xfrm_user.c, which
 * leaves keys and sequence numbers alone where it is given times alone.
 */
export function setCurrent(change: CurrentChange): Request {
  return {
    operation: "XFRM_MSG_NEWAE",
    action: () => `set the times of ${nameAssociation(change)}`,
    type: XFRM_MSG_NEWAE,
    flags: NLM_F_REPLACE,
    body: encodeCurrent(change),
  };
}

/** `ip xfrm state get`. */
export function getAssociation(id: AssociationId): Request {
  return {
    operation: "XFRM_MSG_GETSA",
    action: () => `get ${nameAssociation(id)}`,
    type: XFRM_MSG_GETSA,
    body: encodeAssociationId(id),
  };
}

/** `ip xfrm state list`, which sends a filter that filters nothing. */
export function listAssociations(): Request {
  const filter = encode(xfrmAddressFilter, {});
  return {
    operation: "XFRM_MSG_GETSA",
    action: () => "list SAs",
    type: XFRM_MSG_GETSA,
    body: encodeAttributes([attrBytes(XFRMA_ADDRESS_FILTER, filter)]),
  };
}

/** `ip xfrm policy add`. */
export function addPolicy(policy: SecurityPolicy): Request {
  return {
    operation: "XFRM_MSG_NEWPOLICY",
    action: () => `add ${namePolicy(policy)}`,
    type: XFRM_MSG_NEWPOLICY,
    body: encodePolicy(policy),
  };
}

/** `ip xfrm policy update`. */
export function updatePolicy(policy: SecurityPolicy): Request {
  return {
    operation: "XFRM_MSG_UPDPOLICY",
    action: () => `update ${namePolicy(policy)}`,
    type: XFRM_MSG_UPDPOLICY,
    body: encodePolicy(policy),
  };
}

/** `ip xfrm policy delete`. */
export function deletePolicy(id: PolicyId): Request {
  return {
    operation: "XFRM_MSG_DELPOLICY",
    action: () => `delete ${namePolicy(id)}`,
    type: XFRM_MSG_DELPOLICY,
    body: encodePolicyId(id),
  };
}

/** `ip xfrm policy get`. */
export function getPolicy(id: PolicyId): Request {
  return {
    operation: "XFRM_MSG_GETPOLICY",
    action: () => `get ${namePolicy(id)}`,
    type: XFRM_MSG_GETPOLICY,
    body: encodePolicyId(id),
  };
}

/** `ip xfrm policy list`. */
export function listPolicies(): Request {
  return {
    operation: "XFRM_MSG_GETPOLICY",
    action: () => "list policies",
    type: XFRM_MSG_GETPOLICY,
    body: new Uint8Array(0),
  };
}

/** `ip xfrm state count`. */
export function countAssociations(): Request {
  return {
    operation: "XFRM_MSG_GETSADINFO",
    action: () => "count SAs",
    type: XFRM_MSG_GETSADINFO,
    body: encode(u32, ALL_FLAGS),
  };
}

/** `ip xfrm policy count`. */
export function countPolicies(): Request {
  return {
    operation: "XFRM_MSG_GETSPDINFO",
    action: () => "count policies",
    type: XFRM_MSG_GETSPDINFO,
    body: encode(u32, ALL_FLAGS),
  };
}

/** `ip xfrm policy getdefault`. */
export function getDefaults(): Request {
  return {
    operation: "XFRM_MSG_GETDEFAULT",
    action: () => "get the default policies",
    type: XFRM_MSG_GETDEFAULT,
    body: encode(xfrmUserpolicyDefault, {}),
  };
}

/** `struct xfrmu_…info` was once chosen by flags; the kernel now takes and ignores them. */
const ALL_FLAGS = 0xffff_ffff;

function nameAssociation({ spi, destination, source }: AssociationId): string {
  const from = source === undefined ? "" : ` from ${formatAddress(source)}`;
  return `SA 0x${spi.toString(16).padStart(8, "0")}${from} to ${formatAddress(destination)}`;
}

function namePolicy({ direction, selector }: PolicyId): string {
  const { source, destination } = selector;
  return `policy dir ${direction} src ${formatPrefix(source)} dst ${formatPrefix(destination)}`;
}
