import {
  type Element,
  type Expression,
  NFT_META_MARK,
} from "../../../native/index.ts";
import { type PacketMark, markOf, WHOLE_MARK } from "../base/mark.ts";

/** Marks that a rule of nf_tables asks packets for, in whatever way it does. */
export function marksAskedFor(
  expressions: readonly Expression[],
  elements: (set: string) => readonly Element[],
): PacketMark[] {
  const registers: Registers = new Map();
  return expressions.flatMap((step): PacketMark[] => {
    follow(registers, step);
    switch (step.kind) {
      case "cmp":
        return asked(registers.get(step.register), [step.value]);
      case "lookup": {
        const loaded = registers.get(step.register);
        const keys = loaded && elements(step.set).map(({ key }) => key);
        return asked(loaded, keys ?? []);
      }
      case "match":
        return step.name === "mark"
          ? [markOf(hostWord(step.info, 0), hostWord(step.info, 4))]
          : [];
      default:
        return [];
    }
  });
}

/** Marks that a rule asks packets for, as iptables-save prints it; a connection's are none of them. */
export function marksInWords(words: readonly string[]): PacketMark[] {
  return words.flatMap((word, index) => {
    if (words[index - 1] !== "--mark") return [];
    const module = words.lastIndexOf("-m", index) + 1;
    if (words[module] === "connmark") return [];
    const [value = 0, mask = WHOLE_MARK] = word.split("/").map(Number);
    return [markOf(value, mask)];
  });
}

/** What a register holds of a packet's mark: `(mark & mask) ^ xor`. */
interface Masked {
  readonly mask: number;
  readonly xor: number;
}

type Registers = Map<number, Masked | undefined>;

function follow(registers: Registers, step: Expression): void {
  if (step.kind === "meta" && step.access === "load")
    registers.set(
      step.register,
      step.key === NFT_META_MARK ? { mask: WHOLE_MARK, xor: 0 } : undefined,
    );
  if (step.kind === "bitwise")
    registers.set(step.destination, through(registers.get(step.source), step));
}

function through(
  loaded: Masked | undefined,
  { mask, xor }: Extract<Expression, { kind: "bitwise" }>,
): Masked | undefined {
  if (loaded === undefined) return undefined;
  const [and, flip] = [hostWord(mask, 0), hostWord(xor, 0)];
  return { mask: loaded.mask & and, xor: (loaded.xor & and) ^ flip };
}

function asked(
  loaded: Masked | undefined,
  values: readonly Uint8Array[],
): PacketMark[] {
  if (loaded === undefined) return [];
  const { mask, xor } = loaded;
  return values.map((value) => markOf(hostWord(value, 0) ^ xor, mask));
}

/** Numbers of the host, as all marks are; 0 where there are no four bytes. */
function hostWord(bytes: Uint8Array, offset: number): number {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteLength < offset + 4
    ? 0
    : new DataView(buffer, byteOffset + offset, 4).getUint32(0, true);
}
