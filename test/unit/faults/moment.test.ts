import { describe, expect, it } from "vitest";
import { mayLast, type Moment, telling } from "../../support/faults/moment.ts";

describe("mayLast()", () => {
  it.each([
    "sendto(20, [{nlmsg_len=52, nlmsg_type=RTM_NEWROUTE, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK}, {rtm_family=AF_INET}], 52, 0, {sa_family=AF_NETLINK}, 12) = 52",
    "sendto(22, [[{nlmsg_len=20, nlmsg_type=NFNL_MSG_BATCH_BEGIN, nlmsg_flags=NLM_F_REQUEST}, {}], [{nlmsg_len=20, nlmsg_type=NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_NEWTABLE}]], 92, 0, NULL, 0) = 92",
    // A question and a deed in one call.
    "sendto(20, [[{nlmsg_len=24, nlmsg_type=RTM_GETADDR}, {}], [{nlmsg_len=24, nlmsg_type=RTM_DELADDR}, {}]], 48, 0, NULL, 0) = 48",
    "sendto(23, {nlmsg_len=20, nlmsg_type=NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETOBJ_RESET, nlmsg_flags=NLM_F_REQUEST}, 20, 0, NULL, 0) = 20",
    "sendto(23, {nlmsg_len=20, nlmsg_type=0x99, nlmsg_flags=NLM_F_REQUEST}, 20, 0, NULL, 0) = 20",
    'sendto(9, "hello", 5, 0, NULL, 0) = 5',
    'openat(AT_FDCWD, "/run/crosslink/lock", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0600) = 22',
    'openat(AT_FDCWD, "/tmp/file", O_WRONLY|O_TRUNC) = 3',
    'openat(AT_FDCWD, "/tmp", O_RDWR|O_TMPFILE, 0600) = 3',
    'write(23, "1\\n", 2) = 2',
    'write(1, "{\\"cniVersion\\":\\"1.1.0\\""..., 209) = 209',
    'mkdir("/run/crosslink", 0700) = -1 EEXIST (File exists)',
    'bind(3, {sa_family=AF_UNIX, sun_path="/run/socket"}, 14) = 0',
    "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
    "flock(22, LOCK_EX|LOCK_NB) = 0",
    "exit_group(0) = ?",
    "a_call_of_tomorrow(1) = 0",
  ])("is true of %s", (line) => {
    expect(mayLast(line)).toBe(true);
  });

  it.each([
    "sendto(20, [{nlmsg_len=24, nlmsg_type=RTM_GETADDR, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP}, {ifa_family=AF_UNSPEC}], 24, 0, NULL, 0) = 24",
    "sendto(21, {nlmsg_len=16, nlmsg_type=XFRM_MSG_GETPOLICY, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP}, 16, 0, NULL, 0) = 16",
    "sendto(23, [{nlmsg_len=36, nlmsg_type=NFNL_SUBSYS_CTNETLINK<<8|IPCTNL_MSG_CT_GET, nlmsg_flags=NLM_F_REQUEST}, {}], 36, 0, NULL, 0) = 36",
    'openat(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", O_WRONLY|O_NOFOLLOW|O_CLOEXEC) = 23',
    'openat(AT_FDCWD, "/etc/crosslink/clusters.d", O_RDONLY|O_DIRECTORY) = 22',
    "recvmsg(20, {msg_name={sa_family=AF_NETLINK}}, 0) = 76",
    "bind(20, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0",
    'write(2, "{\\"level\\":\\"info\\""..., 168) = 168',
    'write(14, "\\1\\0\\0\\0\\0\\0\\0\\0", 8) = 8',
  ])("is false of %s", (line) => {
    expect(mayLast(line)).toBe(false);
  });
});

describe("telling()", () => {
  it("keeps each moment before a call that may last, and of each other kind the middle one", () => {
    const moments = "open read read write read read read poll exit"
      .split(" ")
      .map((systemCall, nth): Moment => ({
        systemCall,
        nth,
        lasting: ["open", "write", "exit"].includes(systemCall),
        logs: false,
      }));
    expect(telling(moments).map(({ nth }) => nth)).toEqual([0, 3, 4, 7, 8]);
  });
});
