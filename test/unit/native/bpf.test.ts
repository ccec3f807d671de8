import { describe, expect, it } from "vitest";
import type { Binding } from "../../../native/binding.ts";
import { redirectingHelpers, redirects } from "../../../native/bpf.ts";

const SYMBOLS = `ffffffff81000000 T _text
ffffffff81200000 T __bpf_call_base
ffffffff81300010 T bpf_redirect
ffffffff812fff00 T bpf_redirect_neigh
ffffffff81300090 t bpf_redirect_info
`;
const HELPERS = redirectingHelpers(SYMBOLS) ?? new Set<number>();

/** A kernel whose one program is these instructions: code, registers, immediate. */
function running(...code: readonly [number, number, number][]): Binding {
  return {
    programInstructions: (_: number, buffer: Uint8Array) => {
      const view = new DataView(buffer.buffer, buffer.byteOffset);
      for (const [index, [opcode, registers, immediate]] of code.entries()) {
        view.setUint8(index * 8, opcode);
        view.setUint8(index * 8 + 1, registers);
        view.setInt32(index * 8 + 4, immediate, true);
      }
      return code.length * 8;
    },
  } as unknown as Binding;
}

const EXIT = [0x95, 0, 0] as const satisfies [number, number, number];

function judge(...call: [number, number, number]): boolean | undefined {
  return redirects(running(call, [...EXIT]), 1, HELPERS);
}

describe("redirectingHelpers()", () => {
  it("finds their distances, on both sides of the base", () => {
    expect([...HELPERS].sort((a, b) => a - b)).toEqual([0xfff00, 0x100010]);
  });

  it("is undefined where addresses are hidden, or there is no such file", () => {
    const hidden = SYMBOLS.replaceAll(/^[0-9a-f]+/gm, "0000000000000000");
    expect(redirectingHelpers(hidden)).toBeUndefined();
    expect(redirectingHelpers("")).toBeUndefined();
  });
});

describe("redirects()", () => {
  it("tells by the helpers that a program calls", () => {
    expect(judge(0x85, 0, 0x100010)).toBe(true);
    expect(judge(0x85, 0, 0xfff00)).toBe(true);
    expect(judge(0x85, 0, 0x4444)).toBe(false);
  });

  it("does not take a function of the program's own, or a constant, for a helper", () => {
    expect(judge(0x85, 0x10, 0x100010)).toBe(false);
    expect(judge(0xb7, 0, 0x100010)).toBe(false);
  });

  it("cannot tell of one that goes on in another, of calls it may not see, nor of one that has gone", () => {
    expect(judge(0x85, 0, 12)).toBeUndefined();
    expect(judge(0x85, 0, 0)).toBeUndefined();
    const gone = { programInstructions: () => -2 } as unknown as Binding;
    expect(redirects(gone, 1, HELPERS)).toBeUndefined();
  });
});
