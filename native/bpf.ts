import type { Binding } from "./binding.ts";

// enum bpf_attach_type, include/uapi/linux/bpf.h (v6.7).
export const BPF_TCX_INGRESS = 46;
export const BPF_NETKIT_PRIMARY = 54;
export const BPF_NETKIT_PEER = 55;

/** Where BPF programs of a device are attached. */
export interface AttachPoint {
  readonly index: number;
  /** `BPF_TCX_INGRESS` … */
  readonly attachType: number;
  /** File descriptor of the device's namespace. Left out: the calling thread's own. */
  readonly netns?: number;
}

/** More at one point than anybody attaches; what is beyond is not told. */
const MOST_PROGRAMS = 64;
const ID_BYTES = 4;

/** BPF_OBJ_NAME_LEN: include/uapi/linux/bpf.h. */
const NAME_BYTES = 16;

/**
 * The ids of the BPF programs that a device has at an attach point, which netlink does not show. None where
 * the kernel does not know the point, the device is of another kind or has gone, or a privilege is missing (CAP_NET_ADMIN).
 */
export function attachedPrograms(binding: Binding, at: AttachPoint): number[] {
  const { netns = -1 } = at;
  const ids = new Uint8Array(MOST_PROGRAMS * ID_BYTES);
  const count = binding.attachedPrograms(netns, at.index, at.attachType, ids);
  if (count <= 0) return [];
  return [...new Uint32Array(ids.buffer, 0, Math.min(count, MOST_PROGRAMS))];
}

/** The name of a loaded BPF program; undefined where it has gone, or a privilege is missing (CAP_SYS_ADMIN). */
export function programName(binding: Binding, id: number): string | undefined {
  const name = Buffer.alloc(NAME_BYTES);
  const length = binding.programName(id, name);
  return length < 0 ? undefined : name.toString("utf8", 0, length);
}

/** BPF_MAXINSNS, and what the kernel puts between: include/uapi/linux/bpf_common.h. Longer programs are not judged. */
const MOST_INSTRUCTIONS = 65_536;
const INSTRUCTION_BYTES = 8;
const BPF_CALL = 0x85;
/** Calls of kernel functions by name, and of the program's own: `src_reg` of the instruction. */
const BPF_HELPER_CALL = 0;
const BPF_FUNC_TAIL_CALL = 12;

/** A helper that hands the packet to another device: net/core/filter.c. */
const REDIRECTING =
  /^([0-9a-f]+) \w (bpf_(?:redirect|redirect_neigh|redirect_peer|clone_redirect|xdp_redirect|xdp_redirect_map)|__bpf_call_base)$/gm;

/**
 * Whether a loaded BPF program calls a helper that redirects. Undefined where that cannot be told: it goes on in another program, it has
 * gone, or a privilege is missing (CAP_SYS_ADMIN, CAP_SYSLOG).
 */
export function redirects(
  binding: Binding,
  id: number,
  helpers: RedirectingHelpers,
): boolean | undefined {
  const code = new Uint8Array(MOST_INSTRUCTIONS * INSTRUCTION_BYTES);
  const length = binding.programInstructions(id, code);
  if (length <= 0 || length > code.length) return undefined;
  return callsAny(new DataView(code.buffer, 0, length), helpers);
}

/** The helpers that redirect, as calls name them: by their distance from __bpf_call_base. */
export type RedirectingHelpers = ReadonlySet<number>;

/** Finds them in the text of /proc/kallsyms; undefined where the reader may not see addresses (CAP_SYSLOG). */
export function redirectingHelpers(
  symbols: string,
): RedirectingHelpers | undefined {
  const found = new Map(
    [...symbols.matchAll(REDIRECTING)].map(([, address = "0", name = ""]) => [
      name,
      BigInt(`0x${address}`),
    ]),
  );
  const base = found.get("__bpf_call_base") ?? 0n;
  if (base === 0n) return undefined;
  found.delete("__bpf_call_base");
  return new Set(
    [...found.values()].map((address) =>
      Number(BigInt.asIntN(32, address - base)),
    ),
  );
}

function callsAny(
  code: DataView,
  helpers: RedirectingHelpers,
): boolean | undefined {
  let goesOn = false;
  for (let at = 0; at < code.byteLength; at += INSTRUCTION_BYTES) {
    if (code.getUint8(at) !== BPF_CALL) continue;
    if (code.getUint8(at + 1) >> 4 !== BPF_HELPER_CALL) continue;
    const immediate = code.getInt32(at + 4, true);
    if (helpers.has(immediate)) return true;
    goesOn ||= immediate === BPF_FUNC_TAIL_CALL || immediate === 0;
  }
  return goesOn ? undefined : false;
}
