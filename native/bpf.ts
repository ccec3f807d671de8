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
