import type { Namespace } from "./namespace.ts";

/** How a program comes to see what a device receives. */
export type Attachment = "tc" | "tcx" | "xdp";

/** An eBPF program to attach. */
export interface TestProgram {
  /** At most 15 characters. */
  readonly name: string;
  readonly how: Attachment;
  readonly device: string;
  /** Index of the device that it hands everything to (bpf_redirect); left out, it lets everything pass. */
  readonly redirectTo?: number;
}

/**
 * Loads an eBPF program of a few instructions and attaches it to what a device receives, for as long as the device lives. No
 * compiler is needed: bpf(2) is called with the instructions' bytes.
 */
export function attachProgram(
  node: Namespace,
  { name, how, device, redirectTo }: TestProgram,
): void {
  const target = redirectTo === undefined ? "" : String(redirectTo);
  node.exec(
    "unshare",
    "--mount",
    "python3",
    "-c",
    LOADER,
    ...[name, how, device, target],
  );
}

const LOADER = `
import ctypes, os, platform, socket, struct, subprocess, sys
name, how, device, target = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
number = {'x86_64': 321, 'aarch64': 280}[platform.machine()]
def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b'\\0'), 128)
    result = libc.syscall(number, command, buffer, 128)
    if result < 0:
        raise OSError(ctypes.get_errno(), 'bpf command %d' % command)
    return result
def instruction(code, registers=0, immediate=0):
    return struct.pack('<BBhi', code, registers, 0, immediate)
PASS = {'tc': 0, 'tcx': -1, 'xdp': 2}[how]
exit = instruction(0x95)
if target:  # r1 = target; r2 = 0; bpf_redirect(); exit
    code = instruction(0xb7, 1, int(target)) + instruction(0xb7, 2, 0) + instruction(0x85, 0, 23) + exit
else:       # r0 = PASS; exit
    code = instruction(0xb7, 0, PASS) + exit
instructions, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b'GPL')
kind = 6 if how == 'xdp' else 3  # BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS
program = bpf(5, struct.pack('<IIQQIIQII16s', kind, len(code) // 8, ctypes.addressof(instructions),
    ctypes.addressof(licence), 0, 0, 0, 0, 0, name.encode()))
index = socket.if_nametoindex(device)
if how == 'tcx':
    bpf(8, struct.pack('<IIII', index, program, 46, 0))  # BPF_PROG_ATTACH, BPF_TCX_INGRESS
else:
    os.makedirs('/run/bpf-test', exist_ok=True)
    subprocess.run(['mount', '-t', 'bpf', 'bpf', '/run/bpf-test'], check=True)
    path = ctypes.create_string_buffer(('/run/bpf-test/' + name).encode())
    bpf(6, struct.pack('<QII', ctypes.addressof(path), program, 0))  # BPF_OBJ_PIN
    pinned = path.value.decode()
    if how == 'xdp':
        subprocess.run(['ip', 'link', 'set', 'dev', device, 'xdp', 'pinned', pinned], check=True)
    else:
        script = '''tc qdisc show dev "$0" | grep -q clsact || tc qdisc add dev "$0" clsact
tc filter add dev "$0" ingress bpf da object-pinned "$1"'''
        subprocess.run(['sh', '-ec', script, device, pinned], check=True)
`;
