import { expect, it } from "vitest";
import { readTrace } from "../../../bench/scale/trace.ts";

it("counts each call once, and netlink's bytes both ways", () => {
  const trace = [
    '101 execve("/x"..., [""...], 0x7f /* 3 vars */) = 0',
    "101 sendmsg(5<NETLINK:[XFRM:101]>, {msg_namelen=12}, 0) = 40",
    "102 futex(0x1, FUTEX_WAIT <unfinished ...>",
    '101 recvfrom(5<NETLINK:[XFRM:101]>, ""..., 65536, 0, NULL, NULL) = 132',
    "102 <... futex resumed>) = 0",
    "101 recvfrom(5<NETLINK:[XFRM:101]>, 0x7f, 65536, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
    '101 sendto(6<TCP:[1]>, ""..., 9, 0, NULL, 0) = 9',
    "101 +++ exited with 0 +++",
    "",
  ].join("\n");
  expect(readTrace(trace)).toEqual({ systemCalls: 6, netlinkBytes: 172 });
});
