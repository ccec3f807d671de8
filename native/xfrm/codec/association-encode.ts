import { familyOf } from "../../address.ts";
import {
  type Attribute,
  attrBytes,
  attrU32,
  encodeAttributes,
} from "../../attribute.ts";
import { encode } from "../../layout.ts";
import {
  IPPROTO_ESP,
  UDP_ENCAP_ESPINUDP,
  XFRM_STATE_ESN,
  XFRMA_ALG_AEAD,
  XFRMA_ENCAP,
  XFRMA_LTIME_VAL,
  XFRMA_REPLAY_ESN_VAL,
  XFRMA_REPLAY_VAL,
  XFRMA_SA_EXTRA_FLAGS,
  XFRMA_SET_MARK,
  XFRMA_SET_MARK_MASK,
  XFRMA_SRCADDR,
  XFRMA_TFCPAD,
} from "../constants.ts";
import { commonFamily } from "./address.ts";
import { encodeLifetime, UNLIMITED } from "./lifetime.ts";
import type {
  Aead,
  AssociationId,
  CurrentChange,
  Encapsulation,
  SecurityAssociation,
} from "../sa.ts";
import { markAttributes } from "./mark.ts";
import { encodeMode } from "./mode.ts";
import {
  xfrmAddress,
  xfrmAeventId,
  xfrmAlgoAead,
  xfrmEncapTmpl,
  xfrmReplayState,
  xfrmReplayStateEsn,
  xfrmUsersaId,
  xfrmUsersaInfo,
} from "../structs.ts";

/** The widest window that `struct xfrm_replay_state` has bits for. */
const PLAIN_WINDOW = 32;

/** Body of `XFRM_MSG_NEWSA` and `XFRM_MSG_UPDSA`. Byte for byte what `ip xfrm state add` sends. */
export function encodeAssociation(sa: SecurityAssociation): Uint8Array {
  const info = encode(xfrmUsersaInfo, {
    id: { daddr: sa.destination, spi: sa.spi, proto: IPPROTO_ESP },
    saddr: sa.source,
    lft: UNLIMITED,
    reqid: sa.reqid,
    family: commonFamily(sa.source, sa.destination),
    mode: encodeMode(sa.mode),
    replay_window: needsEsnState(sa) ? 0 : sa.replayWindow,
    flags: sa.flags,
  });
  return Buffer.concat([info, encodeAttributes(associationAttributes(sa))]);
}

/** Body of `XFRM_MSG_DELSA` and `XFRM_MSG_GETSA`. Byte for byte what `ip xfrm state delete` sends. */
export function encodeAssociationId(id: AssociationId): Uint8Array {
  const { destination, spi, source, protocol = IPPROTO_ESP } = id;
  const fixed = encode(xfrmUsersaId, {
    daddr: destination,
    spi,
    family: familyOf(destination),
    proto: protocol,
  });
  const list = markAttributes({ ...(id.mark && { mark: id.mark }) });
  if (source !== undefined)
    list.unshift(attrBytes(XFRMA_SRCADDR, encode(xfrmAddress, source)));
  return Buffer.concat([fixed, encodeAttributes(list)]);
}

/** Body of `XFRM_MSG_NEWAE`. */
export function encodeCurrent({ current, ...id }: CurrentChange): Uint8Array {
  const { destination, spi, protocol = IPPROTO_ESP } = id;
  const fixed = encode(xfrmAeventId, {
    sa_id: {
      daddr: destination,
      spi,
      family: familyOf(destination),
      proto: protocol,
    },
    saddr: id.source,
  });
  const list = markAttributes({ ...(id.mark && { mark: id.mark }) });
  list.push(attrBytes(XFRMA_LTIME_VAL, encodeLifetime(current)));
  return Buffer.concat([fixed, encodeAttributes(list)]);
}

// The order is that of xfrm_state_modify() in iproute2's ip/xfrm_state.c.
function associationAttributes(sa: SecurityAssociation): Attribute[] {
  const { encapsulation, extraFlags, tfcPadding, outputMark } = sa;
  const list = [attrBytes(XFRMA_ALG_AEAD, encodeAead(sa.aead))];
  if (encapsulation !== undefined)
    list.push(attrBytes(XFRMA_ENCAP, encodeEncapsulation(encapsulation)));
  if (needsEsnState(sa))
    list.push(attrBytes(XFRMA_REPLAY_ESN_VAL, encodeEsnState(sa)));
  else if (sa.sentSequence !== undefined)
    list.push(attrBytes(XFRMA_REPLAY_VAL, encodeState(sa.sentSequence)));
  if (extraFlags !== undefined)
    list.push(attrU32(XFRMA_SA_EXTRA_FLAGS, extraFlags));
  list.push(...markAttributes(sa));
  if (tfcPadding !== undefined) list.push(attrU32(XFRMA_TFCPAD, tfcPadding));
  if (outputMark !== undefined)
    list.push(
      attrU32(XFRMA_SET_MARK, outputMark.value),
      attrU32(XFRMA_SET_MARK_MASK, outputMark.mask),
    );
  return list;
}

function encodeAead({ algorithm, key, icvBits }: Aead): Uint8Array {
  const bytes = key.bytes();
  const fixed = encode(xfrmAlgoAead, {
    alg_name: algorithm,
    alg_key_len: bytes.length * 8,
    alg_icv_len: icvBits,
  });
  return Buffer.concat([fixed, bytes]);
}

function encodeEncapsulation(encapsulation: Encapsulation): Uint8Array {
  return encode(xfrmEncapTmpl, {
    encap_type: encapsulation.type ?? UDP_ENCAP_ESPINUDP,
    encap_sport: encapsulation.sourcePort,
    encap_dport: encapsulation.destinationPort,
  });
}

function needsEsnState({ flags = 0, replayWindow }: SecurityAssociation) {
  return (flags & XFRM_STATE_ESN) !== 0 || replayWindow > PLAIN_WINDOW;
}

/** `struct xfrm_replay_state_esn` and an empty bitmap, which the kernel supplies. */
function encodeEsnState({
  replayWindow,
  sentSequence = 0n,
}: SecurityAssociation): Uint8Array {
  return encode(xfrmReplayStateEsn, {
    bmp_len: Math.ceil(replayWindow / 32),
    oseq: Number(sentSequence & 0xffff_ffffn),
    oseq_hi: Number(sentSequence >> 32n),
    replay_window: replayWindow,
  });
}

function encodeState(sentSequence: bigint): Uint8Array {
  return encode(xfrmReplayState, { oseq: Number(sentSequence) });
}
