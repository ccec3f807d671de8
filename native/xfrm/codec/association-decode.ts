import { AF_INET, AF_INET6 } from "../../address.ts";
import {
  type Attribute,
  decodeAttributeList,
  readU32,
} from "../../attribute.ts";
import { be32, u16, u32, u64 } from "../../field.ts";
import { decode } from "../../layout.ts";
import {
  FOREIGN_ATTRIBUTES,
  IPPROTO_ESP,
  UDP_ENCAP_ESPINUDP,
  XFRMA_ALG_AEAD,
  XFRMA_ALG_AUTH,
  XFRMA_ALG_AUTH_TRUNC,
  XFRMA_ALG_COMP,
  XFRMA_ALG_CRYPT,
  XFRMA_ENCAP,
  XFRMA_IF_ID,
  XFRMA_LASTUSED,
  XFRMA_MARK,
  XFRMA_PAD,
  XFRMA_REPLAY_ESN_VAL,
  XFRMA_REPLAY_VAL,
  XFRMA_SA_EXTRA_FLAGS,
  XFRMA_SET_MARK,
  XFRMA_SET_MARK_MASK,
  XFRMA_TFCPAD,
} from "../constants.ts";
import { Key } from "../key.ts";
import { isUnlimited, readLifetime } from "./lifetime.ts";
import type {
  Aead,
  Encapsulation,
  ObservedAssociation,
  ReplayStatistics,
} from "../sa.ts";
import { readAddress } from "./address.ts";
import { readMark } from "./mark.ts";
import { decodeMode } from "./mode.ts";
import type { Writable } from "./source.ts";
import {
  viewStruct,
  xfrmAlgo,
  xfrmAlgoAead,
  xfrmEncapTmpl,
  xfrmId,
  xfrmReplayState,
  xfrmReplayStateEsn,
  xfrmSelector,
  xfrmStats,
  xfrmUsersaInfo,
} from "../structs.ts";

const ANY_MARK = 0xffff_ffff;
const INFO = xfrmUsersaInfo.offsets;
const ID = xfrmId.offsets;
const SELECTOR = xfrmSelector.offsets;

/**
 * The SA in the body of `XFRM_MSG_NEWSA` or `XFRM_MSG_UPDSA`, a dump's or a notification's.
 * Throws RangeError where the body is cut short.
 */
export function decodeAssociation(body: Uint8Array): ObservedAssociation {
  const foreign: string[] = [];
  const sa = readInfo(viewStruct(body, xfrmUsersaInfo), foreign);
  const attributes = decodeAttributeList(body.subarray(xfrmUsersaInfo.size));
  for (const attribute of attributes) addAttribute(sa, attribute, foreign);
  noteAlgorithms(sa, foreign);
  return sa;
}

type Draft = Writable<ObservedAssociation>;

function readInfo(view: DataView, foreign: string[]): Draft {
  const family = u16.read(view, INFO.family);
  const sa: Draft = {
    source: readAddress(view, INFO.saddr, family),
    destination: readAddress(view, INFO.id + ID.daddr, family),
    spi: be32.read(view, INFO.id + ID.spi),
    protocol: view.getUint8(INFO.id + ID.proto),
    reqid: u32.read(view, INFO.reqid),
    mode: decodeMode(view.getUint8(INFO.mode)),
    replayWindow: view.getUint8(INFO.replay_window),
    current: readLifetime(view, INFO.curlft),
    statistics: readStatistics(view),
    sequence: { output: 0n, input: 0n },
    foreign,
  };
  const flags = view.getUint8(INFO.flags);
  if (flags !== 0) sa.flags = flags;
  noteForeign(view, sa, foreign);
  return sa;
}

function readStatistics(view: DataView): ReplayStatistics {
  const { replay_window, replay, integrity_failed } = xfrmStats.read(
    view,
    INFO.stats,
  );
  return {
    replayWindow: replay_window,
    replay,
    integrityFailed: integrity_failed,
  };
}

function noteForeign(view: DataView, sa: Draft, foreign: string[]): void {
  const family = u16.read(view, INFO.family);
  if (family !== AF_INET && family !== AF_INET6)
    foreign.push(`family ${family}`);
  if (sa.protocol !== IPPROTO_ESP) foreign.push(`protocol ${sa.protocol}`);
  if (!selectsAnything(view)) foreign.push("selector");
  if (!isUnlimited(view, INFO.lft)) foreign.push("lifetime limits");
}

/** The family aside: the kernel sets that to the SA's own where none was asked for. */
function selectsAnything(view: DataView): boolean {
  for (let offset = 0; offset < xfrmSelector.size; offset += 2) {
    if (offset !== SELECTOR.family && u16.read(view, INFO.sel + offset) !== 0)
      return false;
  }
  return true;
}

type Reader = (sa: Draft, value: Uint8Array, foreign: string[]) => void;

const READERS: Readonly<Record<number, Reader>> = {
  [XFRMA_ALG_AEAD]: (sa, value) => {
    sa.aead = readAead(value);
  },
  [XFRMA_ALG_AUTH]: (sa, value) => {
    sa.authentication = decode(xfrmAlgo, value).alg_name;
  },
  [XFRMA_ALG_AUTH_TRUNC]: (sa, value) => {
    sa.authentication = decode(xfrmAlgo, value).alg_name;
  },
  [XFRMA_ALG_CRYPT]: (sa, value) => {
    sa.encryption = decode(xfrmAlgo, value).alg_name;
  },
  [XFRMA_ALG_COMP]: (sa, value) => {
    sa.compression = decode(xfrmAlgo, value).alg_name;
  },
  [XFRMA_ENCAP]: (sa, value, foreign) => {
    sa.encapsulation = readEncapsulation(value, foreign);
  },
  [XFRMA_MARK]: (sa, value) => {
    sa.mark = readMark(value);
  },
  // The mask follows, unless it is all ones.
  [XFRMA_SET_MARK]: (sa, value) => {
    sa.outputMark = { value: readU32(value), mask: ANY_MARK };
  },
  [XFRMA_SET_MARK_MASK]: (sa, value) => {
    sa.outputMark = { value: sa.outputMark?.value ?? 0, mask: readU32(value) };
  },
  [XFRMA_IF_ID]: (sa, value) => {
    sa.ifId = readU32(value);
  },
  [XFRMA_SA_EXTRA_FLAGS]: (sa, value) => {
    sa.extraFlags = readU32(value);
  },
  [XFRMA_TFCPAD]: (sa, value) => {
    sa.tfcPadding = readU32(value);
  },
  [XFRMA_LASTUSED]: (sa, value) => {
    sa.lastUsedSeconds = decode(u64, value);
  },
  [XFRMA_REPLAY_VAL]: (sa, value) => {
    const { oseq, seq } = decode(xfrmReplayState, value);
    sa.sequence = { output: BigInt(oseq), input: BigInt(seq) };
  },
  [XFRMA_REPLAY_ESN_VAL]: readEsnState,
  [XFRMA_PAD]: () => undefined,
};

function addAttribute(
  sa: Draft,
  { type, value }: Attribute,
  foreign: string[],
): void {
  const read = READERS[type];
  if (read === undefined)
    foreign.push(FOREIGN_ATTRIBUTES[type] ?? `attribute ${type}`);
  else read(sa, value, foreign);
}

function readAead(value: Uint8Array): Aead {
  const { alg_name, alg_key_len, alg_icv_len } = decode(xfrmAlgoAead, value);
  const end = xfrmAlgoAead.size + Math.ceil(alg_key_len / 8);
  if (end > value.length)
    throw new RangeError(
      `Cannot decode struct xfrm_algo_aead: its key ends at byte ${end} of ${value.length}`,
    );
  return {
    algorithm: alg_name,
    key: new Key(value.subarray(xfrmAlgoAead.size, end)),
    icvBits: alg_icv_len,
  };
}

function readEncapsulation(
  value: Uint8Array,
  foreign: string[],
): Encapsulation {
  const { encap_type, encap_sport, encap_dport, encap_oa } = decode(
    xfrmEncapTmpl,
    value,
  );
  if (encap_oa.some((byte) => byte !== 0))
    foreign.push("encapsulation's original address");
  return {
    sourcePort: encap_sport,
    destinationPort: encap_dport,
    ...(encap_type !== UDP_ENCAP_ESPINUDP && { type: encap_type }),
  };
}

function readEsnState(sa: Draft, value: Uint8Array): void {
  const { oseq, oseq_hi, seq, seq_hi, replay_window } = decode(
    xfrmReplayStateEsn,
    value,
  );
  sa.replayWindow = replay_window;
  sa.sequence = { output: wide(oseq_hi, oseq), input: wide(seq_hi, seq) };
}

function wide(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function noteAlgorithms(sa: Draft, foreign: string[]): void {
  if (sa.aead === undefined) foreign.push("no AEAD algorithm");
  for (const kind of ["authentication", "encryption", "compression"] as const) {
    const name = sa[kind];
    if (name !== undefined) foreign.push(`${kind} ${name}`);
  }
}
