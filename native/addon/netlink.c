// SPDX-License-Identifier: Apache-2.0
//
// Netlink sockets.

#define _GNU_SOURCE
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

#define BUFFER_LIMIT (8 * 1024 * 1024)

static int configure(int fd) {
  const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    int error = set_option(fd, SOL_NETLINK, options[i], 1);
    if (error < 0 && error != -ENOPROTOOPT) return error;  // STRICT_CHK is of Linux 4.20: an older kernel filters less
  }
  // Limits, not memory: what may wait to be read, and how large one datagram, an nf_tables batch for example, may be.
  // FORCE goes beyond net.core.rmem_max and wmem_max and wants CAP_NET_ADMIN; without it the kernel caps the sizes.
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_LIMIT) < 0)
    set_option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_LIMIT);
  if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_LIMIT) < 0)
    set_option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_LIMIT);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  return bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

static int open_socket(int protocol) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return -errno;
  int error = configure(fd);
  if (error == 0) return fd;
  close(fd);
  return error;
}

napi_value netlink_open(napi_env env, napi_callback_info info) {
  struct arguments args;
  int protocol, netns, home = -1;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &protocol);
  if (!error) error = read_int(&args, 1, &netns);
  if (!error) error = enter(netns, &home);
  if (error) return number(env, error);
  int fd = open_socket(protocol);
  leave(home);
  return number(env, fd);
}

napi_value netlink_send(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes datagram;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_bytes(&args, 1, &datagram);
  if (error) return number(env, error);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent;
  do {
    sent = sendto(fd, datagram.data, datagram.length, 0, (struct sockaddr *)&kernel, sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  return number(env, or_errno(sent));
}

// Returns the datagram's true length even where the buffer is shorter (MSG_TRUNC).
static int64_t receive_once(int fd, struct bytes buffer, int flags, struct sockaddr_nl *sender, socklen_t *sender_length) {
  struct iovec part = {.iov_base = buffer.data, .iov_len = buffer.length};
  struct msghdr message = {.msg_name = sender, .msg_namelen = sizeof *sender, .msg_iov = &part, .msg_iovlen = 1};
  ssize_t length;
  do {
    length = recvmsg(fd, &message, flags | MSG_TRUNC | MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  *sender_length = message.msg_namelen;
  return or_errno(length);
}

// Any process may send to a netlink socket; only the kernel's port id is 0.
static int is_from_kernel(const struct sockaddr_nl *sender, socklen_t length) {
  return length == sizeof *sender && sender->nl_family == AF_NETLINK && sender->nl_pid == 0;
}

// Looks first, so that a datagram larger than the buffer is not lost but waits for a call with a larger one. And waits last: the
// kernel has answered by the time that a request is sent.
static int64_t receive_kernel(int fd, struct bytes buffer, int64_t deadline) {
  for (;;) {
    struct sockaddr_nl sender;
    socklen_t sender_length;
    struct bytes nothing = {.data = NULL, .length = 0};
    int64_t length = receive_once(fd, nothing, MSG_PEEK, &sender, &sender_length);
    if (length == -EAGAIN) {
      int error = deadline >= 0 && now_ms() >= deadline ? -ETIMEDOUT : wait_readable(fd, deadline);
      if (error) return error;
      continue;
    }
    if (length < 0) return length;
    int trusted = is_from_kernel(&sender, sender_length);
    if (trusted && (size_t)length > buffer.length) return length;
    length = receive_once(fd, trusted ? buffer : nothing, 0, &sender, &sender_length);
    if (trusted && length != -EAGAIN) return length;
  }
}

napi_value netlink_receive(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes buffer;
  int fd, timeout_ms;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_bytes(&args, 1, &buffer);
  if (!error) error = read_int(&args, 2, &timeout_ms);
  if (error) return number(env, error);
  return number(env, receive_kernel(fd, buffer, timeout_ms < 0 ? -1 : now_ms() + timeout_ms));
}

napi_value netlink_port_id(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (error) return number(env, error);
  struct sockaddr_nl address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return number(env, -errno);
  if (length != sizeof address || address.nl_family != AF_NETLINK) return number(env, -EAFNOSUPPORT);
  return number(env, address.nl_pid);
}

napi_value netlink_add_membership(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd, group;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_int(&args, 1, &group);
  if (!error) error = set_option(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  return number(env, error);
}
