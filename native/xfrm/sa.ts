import type { Key } from "./key.ts";
import type { Mark, Mode } from "./selector.ts";

/** An algorithm that encrypts and authenticates in one, such as `rfc4106(gcm(aes))`. */
export interface Aead {
  readonly algorithm: string;
  readonly key: Key;
  /** Length of the integrity check value, in bits: 64, 96 or 128 for GCM. */
  readonly icvBits: number;
}

/** ESP in UDP (RFC 3948). `type` is UDP_ENCAP_ESPINUDP (2) unless said otherwise. */
export interface Encapsulation {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly type?: number;
}

/**
 * One direction of an ESP tunnel or transport, as `ip xfrm state add` has it. The kernel finds
 * it by destination, SPI and protocol (and mark): two with the same of these are EEXIST.
 */
export interface SecurityAssociation {
  /** 4 or 16 bytes; of the destination's family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly spi: number;
  readonly reqid: number;
  readonly mode: Mode;
  /** In packets; 0 means no replay protection. Above 32 the kernel's ESN state is used. */
  readonly replayWindow: number;
  readonly aead: Aead;
  readonly encapsulation?: Encapsulation;
  /** `XFRM_STATE_*`; `XFRM_STATE_ESN` asks for 64-bit sequence numbers and needs a window. */
  readonly flags?: number;
  /** `XFRM_SA_XFLAG_*`. */
  readonly extraFlags?: number;
  readonly mark?: Mark;
  /** Set on the packet after the transformation (`XFRMA_SET_MARK`). */
  readonly outputMark?: Mark;
  readonly ifId?: number;
  /** Pad ESP packets to this length in bytes (`XFRMA_TFCPAD`). */
  readonly tfcPadding?: number;
  /** Sequence number that a new SA takes for sent: its first packet has the next one. 0 unless said otherwise. */
  readonly sentSequence?: bigint;
}

/** An SA as the kernel reports it; other programs' SAs may hold what ours never do. */
export interface ObservedAssociation extends Omit<
  SecurityAssociation,
  "aead" | "sentSequence"
> {
  /** IP protocol: 50 ESP, 51 AH, 108 IPComp. */
  readonly protocol: number;
  /** Absent where the SA uses separate algorithms, or compression. */
  readonly aead?: Aead;
  readonly authentication?: string;
  readonly encryption?: string;
  readonly compression?: string;
  readonly current: Lifetime;
  readonly statistics: ReplayStatistics;
  /** Last sequence numbers sent and accepted; 64 bits wide with ESN. */
  readonly sequence: { readonly output: bigint; readonly input: bigint };
  /** Seconds since 1970 when the SA last carried a packet; absent when it never did. */
  readonly lastUsedSeconds?: bigint;
  /** What the kernel reported and `SecurityAssociation` cannot say; ours have none. */
  readonly foreign: readonly string[];
}

/** What an SA should say of itself from now on. */
export interface CurrentChange extends AssociationId {
  readonly current: Lifetime;
}

/** What an SA or a policy has carried so far. Times are seconds since 1970; 0 means never. */
export interface Lifetime {
  readonly bytes: bigint;
  readonly packets: bigint;
  readonly addTimeSeconds: bigint;
  readonly useTimeSeconds: bigint;
}

/** Packets that an SA has refused. Source: `struct xfrm_stats`. */
export interface ReplayStatistics {
  readonly replayWindow: number;
  readonly replay: number;
  readonly integrityFailed: number;
}

/** How the kernel finds one SA; `source` and `mark` narrow it further. */
export interface AssociationId {
  readonly destination: Uint8Array;
  readonly spi: number;
  readonly source?: Uint8Array;
  readonly mark?: Mark;
  /** IP protocol; ESP (50) unless said otherwise. */
  readonly protocol?: number;
}
