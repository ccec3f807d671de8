import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Namespace } from "./namespace.ts";

/** A policy that a program sets on a socket of its own. */
export interface SocketPolicy {
  readonly direction: "in" | "out";
  /** "ah": with a template that asks for AH in transport mode; left out, it lets pass. */
  readonly template?: "ah";
}

/** What the program does behind that. */
export interface SocketUse {
  readonly policies: readonly SocketPolicy[];
  /** Sends three datagrams there, to UDP 7777. */
  readonly sendTo?: string;
  /** Without any privilege. */
  readonly unprivileged?: boolean;
}

/** A program that has UDP 7777 open. */
export interface SocketProgram {
  /** Has it end; returns what it printed: "EPERM" where it may not, else how many datagrams came. */
  readonly end: () => Promise<string>;
}

/** Starts it in a namespace, with policies by setsockopt(IP_XFRM_POLICY). */
export function startSocket(
  { path }: Namespace,
  { policies, sendTo = "", unprivileged = false }: SocketUse,
): SocketProgram {
  const words = policies.map(
    ({ direction, template = "none" }) => `${direction}:${template}`,
  );
  const user = unprivileged ? "65534" : "0";
  const program = spawn(
    "nsenter",
    [`--net=${path}`, "python3", "-c", PROGRAM, sendTo, user, ...words],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const printed = text(program.stdout);
  return {
    end: async () => {
      program.stdin.end();
      return (await printed).trim();
    },
  };
}

const PROGRAM = `
import os, socket, struct, sys
target, user, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
IP_XFRM_POLICY = 17
ALWAYS = (1 << 64) - 1
AH = 51
# struct xfrm_userpolicy_info and xfrm_user_tmpl: include/uapi/linux/xfrm.h
def policy(direction, template):
    selector = bytes(40) + struct.pack('=HBBB3xiI', socket.AF_INET, 0, 0, 0, 0, 0)
    lifetimes = struct.pack('=8Q', ALWAYS, ALWAYS, ALWAYS, ALWAYS, 0, 0, 0, 0) + bytes(32)
    number = {'in': 0, 'out': 1}[direction]
    info = selector + lifetimes + struct.pack('=IIBBBB4x', 0, 0, number, 0, 0, 0)
    if template == 'none':
        return info
    ids = bytes(16) + struct.pack('=IB3x', 0, AH)
    return info + ids + struct.pack('=H2x', socket.AF_INET) + bytes(16) + \\
        struct.pack('=IBBBxIII', 0, 0, 0, 0, ALWAYS & 0xffffffff, ALWAYS & 0xffffffff, ALWAYS & 0xffffffff)
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.setuid(user)
try:
    for word in words:
        own.setsockopt(socket.IPPROTO_IP, IP_XFRM_POLICY, policy(*word.split(':')))
except PermissionError:
    print('EPERM')
    sys.exit()
own.bind(('', 7777))
for _ in range(3 if target else 0):
    try:
        own.sendto(b'clear', (target, 7777))
    except OSError:
        pass # refused by xfrm
sys.stdin.read()
own.settimeout(0.3)
count = 0
try:
    while own.recvfrom(100):
        count += 1
except TimeoutError:
    print(count)
`;
