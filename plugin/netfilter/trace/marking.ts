import { WHOLE_MARK } from "../base/mark.ts";
import type { Flow, Marks } from "./flow.ts";

/** What a rule makes of the marks of packets that come to it. */
export type Marking = (flow: Flow) => Marks;

/** Nobody can tell what the packet's mark is then. */
const UNKNOWN_MARK: Marking = ({ connectionMark }) => ({
  mark: undefined,
  connectionMark,
});

/** Changes bits: `(old & ~mask) ^ value`, as all of iptables' targets do. */
interface Bits {
  readonly value: number | undefined;
  readonly mask: number;
}

function changed(old: number | undefined, { value, mask }: Bits) {
  if (value === undefined) return undefined;
  if (mask === WHOLE_MARK) return value >>> 0;
  return old === undefined ? undefined : ((old & ~mask) ^ value) >>> 0;
}

/** `-j MARK` */
function marking(bits: Bits): Marking {
  return ({ mark, connectionMark }) => ({
    mark: changed(mark, bits),
    connectionMark,
  });
}

/** `-j CONNMARK --set-xmark` */
function connectionMarking(bits: Bits): Marking {
  return ({ mark, connectionMark }) => ({
    mark,
    connectionMark: changed(connectionMark, bits),
  });
}

/** Which bits go from one mark to the other. */
interface Copy {
  readonly packetMask: number;
  readonly connectionMask: number;
}

/** `-j CONNMARK --save-mark`: connmark_tg() in net/netfilter/xt_connmark.c */
function saving({ packetMask, connectionMask }: Copy): Marking {
  return ({ mark, connectionMark }) => ({
    mark,
    connectionMark: changed(connectionMark, {
      value: mark === undefined ? undefined : mark & packetMask,
      mask: connectionMask,
    }),
  });
}

/** `-j CONNMARK --restore-mark` */
function restoring({ packetMask, connectionMask }: Copy): Marking {
  return ({ mark, connectionMark }) => ({
    mark: changed(mark, {
      value:
        connectionMark === undefined
          ? undefined
          : connectionMark & connectionMask,
      mask: packetMask,
    }),
    connectionMark,
  });
}

/** What shifts, or is of a revision that is not known, leaves nothing to be told. */
const UNKNOWN_BOTH: Marking = () => ({
  mark: undefined,
  connectionMark: undefined,
});

/** A target of iptables' own in a rule of iptables-nft's, by its struct; undefined for one that marks nothing. */
export function compatMarking({
  name,
  revision,
  info,
}: {
  readonly name: string;
  readonly revision: number;
  readonly info: Uint8Array;
}): Marking | undefined {
  if (!MARKING.has(name)) return undefined;
  if (name === "MARK" && revision === 2)
    return marking({ value: word(info, 0), mask: word(info, 4) });
  return name === "CONNMARK"
    ? compatConnectionMarking(revision, info)
    : UNKNOWN_MARK;
}

/** struct xt_connmark_tginfo1 and 2, include/uapi/linux/netfilter/xt_connmark.h */
function compatConnectionMarking(revision: number, info: Uint8Array): Marking {
  const shift = revision === 2 ? (info[13] ?? 0) : 0;
  if (revision < 1 || revision > 2 || shift !== 0) return UNKNOWN_BOTH;
  const [value, connectionMask] = [word(info, 0), word(info, 4)];
  const copy = { connectionMask, packetMask: word(info, 8) };
  const modes = [
    connectionMarking({ value, mask: connectionMask }),
    saving(copy),
    restoring(copy),
  ];
  return modes[info[revision === 2 ? 14 : 12] ?? 0] ?? UNKNOWN_BOTH;
}

/** The same as iptables-save prints it, behind `-j`. */
export function savedMarking(
  target: string,
  words: readonly string[],
): Marking | undefined {
  if (!MARKING.has(target)) return undefined;
  const bits = valueBehind(words, "--set-xmark");
  if (target === "MARK")
    return bits === undefined ? UNKNOWN_MARK : marking(bitsOf(bits));
  return target === "CONNMARK"
    ? savedConnectionMarking(words, bits)
    : UNKNOWN_MARK;
}

function savedConnectionMarking(
  words: readonly string[],
  bits: string | undefined,
): Marking {
  if (words.some((word) => word.includes("-shift-"))) return UNKNOWN_BOTH;
  if (bits !== undefined) return connectionMarking(bitsOf(bits));
  const maskBehind = (name: string) =>
    Number(valueBehind(words, name) ?? WHOLE_MARK);
  const copy = {
    packetMask: maskBehind("--nfmask"),
    connectionMask: maskBehind("--ctmask"),
  };
  if (words.includes("--save-mark")) return saving(copy);
  return words.includes("--restore-mark") ? restoring(copy) : UNKNOWN_BOTH;
}

/** Targets that give a packet or its connection a mark. */
const MARKING = new Set(["MARK", "CONNMARK", "HMARK", "TPROXY"]);

function bitsOf(text: string): Bits {
  const [value = 0, mask = WHOLE_MARK] = text.split("/").map(Number);
  return { value, mask: mask >>> 0 };
}

function valueBehind(words: readonly string[], name: string) {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

function word(info: Uint8Array, offset: number): number {
  const { buffer, byteOffset, byteLength } = info;
  return byteLength < offset + 4
    ? 0
    : new DataView(buffer, byteOffset, byteLength).getUint32(offset, true);
}
