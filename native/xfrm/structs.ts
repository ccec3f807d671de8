import { be16, be32, bytes, chars, i32, u16, u32, u64, u8 } from "../field.ts";
import { struct } from "../layout.ts";

/*
 * Structs of include/uapi/linux/xfrm.h (v6.18) under the kernel's names. The number after each
 * name is its sizeof, checked when the module loads.
 */

/** A view of bytes that start with such a struct. Throws RangeError when they are too few. */
export function viewStruct(
  data: Uint8Array,
  layout: { readonly name: string; readonly size: number },
): DataView {
  if (data.length < layout.size)
    throw new RangeError(
      `Cannot decode struct ${layout.name}: it needs ${layout.size} bytes and there are ${data.length}`,
    );
  return new DataView(data.buffer, data.byteOffset, data.length);
}

/** `xfrm_address_t`: IPv4 uses the first 4 bytes, the rest is zero. */
export const xfrmAddress = bytes(16, 4);

export const xfrmId = struct("xfrm_id", 24, {
  daddr: xfrmAddress,
  spi: be32,
  proto: u8,
});

export const xfrmSelector = struct("xfrm_selector", 56, {
  daddr: xfrmAddress,
  saddr: xfrmAddress,
  dport: be16,
  dport_mask: be16,
  sport: be16,
  sport_mask: be16,
  family: u16,
  prefixlen_d: u8,
  prefixlen_s: u8,
  proto: u8,
  ifindex: i32,
  user: u32,
});

export const xfrmLifetimeCfg = struct("xfrm_lifetime_cfg", 64, {
  soft_byte_limit: u64,
  hard_byte_limit: u64,
  soft_packet_limit: u64,
  hard_packet_limit: u64,
  soft_add_expires_seconds: u64,
  hard_add_expires_seconds: u64,
  soft_use_expires_seconds: u64,
  hard_use_expires_seconds: u64,
});

export const xfrmLifetimeCur = struct("xfrm_lifetime_cur", 32, {
  bytes: u64,
  packets: u64,
  add_time: u64,
  use_time: u64,
});

export const xfrmStats = struct("xfrm_stats", 12, {
  replay_window: u32,
  replay: u32,
  integrity_failed: u32,
});

export const xfrmUsersaInfo = struct("xfrm_usersa_info", 224, {
  sel: xfrmSelector,
  id: xfrmId,
  saddr: xfrmAddress,
  lft: xfrmLifetimeCfg,
  curlft: xfrmLifetimeCur,
  stats: xfrmStats,
  seq: u32,
  reqid: u32,
  family: u16,
  mode: u8,
  replay_window: u8,
  flags: u8,
});

export const xfrmUsersaId = struct("xfrm_usersa_id", 24, {
  daddr: xfrmAddress,
  spi: be32,
  family: u16,
  proto: u8,
});

export const xfrmAeventId = struct("xfrm_aevent_id", 48, {
  sa_id: xfrmUsersaId,
  saddr: xfrmAddress,
  flags: u32,
  reqid: u32,
});

export const xfrmUserpolicyInfo = struct("xfrm_userpolicy_info", 168, {
  sel: xfrmSelector,
  lft: xfrmLifetimeCfg,
  curlft: xfrmLifetimeCur,
  priority: u32,
  index: u32,
  dir: u8,
  action: u8,
  flags: u8,
  share: u8,
});

export const xfrmUserpolicyId = struct("xfrm_userpolicy_id", 64, {
  sel: xfrmSelector,
  index: u32,
  dir: u8,
});

export const xfrmUserTmpl = struct("xfrm_user_tmpl", 64, {
  id: xfrmId,
  family: u16,
  saddr: xfrmAddress,
  reqid: u32,
  mode: u8,
  share: u8,
  optional: u8,
  aalgos: u32,
  ealgos: u32,
  calgos: u32,
});

export const xfrmEncapTmpl = struct("xfrm_encap_tmpl", 24, {
  encap_type: u16,
  encap_sport: be16,
  encap_dport: be16,
  encap_oa: xfrmAddress,
});

/** The key follows, `alg_key_len` bits rounded up to bytes. */
export const xfrmAlgoAead = struct("xfrm_algo_aead", 72, {
  alg_name: chars(64),
  alg_key_len: u32,
  alg_icv_len: u32,
});

/** The beginning that `xfrm_algo`, `xfrm_algo_auth` and `xfrm_algo_aead` share. */
export const xfrmAlgo = struct("xfrm_algo", 68, {
  alg_name: chars(64),
  alg_key_len: u32,
});

export const xfrmReplayState = struct("xfrm_replay_state", 12, {
  oseq: u32,
  seq: u32,
  bitmap: u32,
});

/** A bitmap of `bmp_len` 32-bit words follows. */
export const xfrmReplayStateEsn = struct("xfrm_replay_state_esn", 24, {
  bmp_len: u32,
  oseq: u32,
  seq: u32,
  oseq_hi: u32,
  seq_hi: u32,
  replay_window: u32,
});

export const xfrmMark = struct("xfrm_mark", 8, { v: u32, m: u32 });

export const xfrmUserpolicyType = struct("xfrm_userpolicy_type", 6, {
  type: u8,
  reserved1: u16,
  reserved2: u8,
});

export const xfrmAddressFilter = struct("xfrm_address_filter", 36, {
  saddr: xfrmAddress,
  daddr: xfrmAddress,
  family: u16,
  splen: u8,
  dplen: u8,
});

export const xfrmuSpdinfo = struct("xfrmu_spdinfo", 24, {
  incnt: u32,
  outcnt: u32,
  fwdcnt: u32,
  inscnt: u32,
  outscnt: u32,
  fwdscnt: u32,
});

/** Linux 5.15 and later. */
export const xfrmUserpolicyDefault = struct("xfrm_userpolicy_default", 3, {
  in: u8,
  fwd: u8,
  out: u8,
});
