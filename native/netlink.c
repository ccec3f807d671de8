// SPDX-License-Identifier: Apache-2.0
//
// Each function is one kernel conversation: it returns a non-negative result, or -errno, and never throws.
// No policy and no state: binding.ts says what each function means to its callers, TypeScript does the rest.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "local.h"

#define BUFFER_LIMIT (8 * 1024 * 1024)
#define SYSCTL_ROOT "/proc/sys/"
// Containers see /proc/sys read-only. Where one is given the node's /proc/sys/net, this is the place by custom.
#define CONTAINER_ROOT "/host"

// A thread's network namespace belongs to whoever runs on the thread next. Where the way home is barred, every later
// socket would be opened in the wrong network without anybody noticing: better no process than that one.
static void return_home(int home) {
  if (setns(home, CLONE_NEWNET) == 0) {
    close(home);
    return;
  }
  fprintf(stderr, "netlink.node: Cannot return to the thread's own network namespace: %s. Aborting, since whatever "
                  "this process did next would happen in the wrong network\n", strerror(errno));
  abort();
}

// Enters the namespace and returns a descriptor of the one left, for return_home(); -1 where there is nothing to enter.
int enter(int netns, int *home) {
  *home = -1;
  if (netns < 0) return 0;
  // A stale number must not come to mean the file opened next, which would be this very namespace.
  if (fcntl(netns, F_GETFD) < 0) return -errno;
  int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) return -errno;
  if (setns(netns, CLONE_NEWNET) < 0) {
    int error = -errno;
    close(own);
    return error;
  }
  *home = own;
  return 0;
}

void leave(int home) {
  if (home >= 0) return_home(home);
}

// Makes an empty namespace and returns its descriptor; it lives as long as somebody holds it. The thread is back home.
static int make_namespace(void) {
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home < 0) return -errno;
  if (unshare(CLONE_NEWNET) < 0) {
    int error = -errno;
    close(home);
    return error;
  }
  int made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  int result = made < 0 ? -errno : made;
  return_home(home);
  return result;
}

int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

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

static napi_value netlink_open(napi_env env, napi_callback_info info) {
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

static napi_value netlink_make_namespace(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, make_namespace());
}

// Never retried on EINTR: Linux has freed the descriptor by then, and the number may already be another thread's file.
static napi_value netlink_close(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (error) return number(env, error);
  int64_t result = or_errno(close(fd));
  return number(env, result == -EINTR ? 0 : result);
}

static napi_value netlink_send(napi_env env, napi_callback_info info) {
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

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits until the socket is readable or the deadline has passed; a negative deadline is none.
int wait_readable(int fd, int64_t deadline) {
  for (;;) {
    int64_t left = deadline < 0 ? -1 : deadline - now_ms();
    if (deadline >= 0 && left < 0) left = 0;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    int ready = poll(&item, 1, (int)left);
    if (ready > 0) return item.revents & POLLNVAL ? -EBADF : 0;
    if (ready == 0) return -ETIMEDOUT;
    if (errno != EINTR) return -errno;
  }
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

// Looks first, so that a datagram larger than the buffer is not lost but waits for a call with a larger one.
static int64_t receive_kernel(int fd, struct bytes buffer, int64_t deadline) {
  for (;;) {
    struct sockaddr_nl sender;
    socklen_t sender_length;
    struct bytes nothing = {.data = NULL, .length = 0};
    int error = wait_readable(fd, deadline);
    if (error) return error;
    int64_t length = receive_once(fd, nothing, MSG_PEEK, &sender, &sender_length);
    if (length == -EAGAIN) continue;
    if (length < 0) return length;
    int trusted = is_from_kernel(&sender, sender_length);
    if (trusted && (size_t)length > buffer.length) return length;
    length = receive_once(fd, trusted ? buffer : nothing, 0, &sender, &sender_length);
    if (trusted && length != -EAGAIN) return length;
  }
}

static napi_value netlink_receive(napi_env env, napi_callback_info info) {
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

static napi_value netlink_port_id(napi_env env, napi_callback_info info) {
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

static napi_value netlink_add_membership(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd, group;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_int(&args, 1, &group);
  if (!error) error = set_option(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  return number(env, error);
}

static napi_value netlink_flock(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd, operation, result;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_int(&args, 1, &operation);
  if (error) return number(env, error);
  do {
    result = flock(fd, operation);
  } while (result < 0 && errno == EINTR);
  return number(env, or_errno(result));
}

// Only net/, because only there do namespaces differ; and nothing that climbs out of it. A zero byte would cut the path
// after it was checked.
static int read_sysctl_path(const struct arguments *args, int index, char *path) {
  size_t root = strlen(SYSCTL_ROOT), length = 0;
  char *name = path + root;
  memcpy(path, SYSCTL_ROOT, root);
  if (napi_get_value_string_utf8(args->env, args->value[index], name, PATH_MAX - root, &length) != napi_ok) return -EINVAL;
  if (root + length >= PATH_MAX - 1) return -ENAMETOOLONG;
  if (strlen(name) != length || strncmp(name, "net/", 4) != 0 || strstr(name, "..") != NULL) return -EINVAL;
  return 0;
}

struct sysctl {
  int netns;
  char path[PATH_MAX];
  struct bytes data;
};

static int read_sysctl_arguments(napi_env env, napi_callback_info info, struct sysctl *sysctl) {
  struct arguments args;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &sysctl->netns);
  if (!error) error = read_sysctl_path(&args, 1, sysctl->path);
  if (!error) error = read_bytes(&args, 2, &sysctl->data);
  return error;
}

static int open_setting(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
  return fd < 0 ? -errno : fd;
}

static int open_in_container(const char *path, int flags) {
  char mounted[sizeof CONTAINER_ROOT + PATH_MAX] = CONTAINER_ROOT;
  strcat(mounted, path);
  int fd = open_setting(mounted, flags);
  return fd == -ENOENT ? -EROFS : fd;
}

// /proc/sys/net shows the network namespace of the thread that looks the path up. The open file stays in it.
static int open_sysctl(const struct sysctl *sysctl, int flags) {
  int home;
  int error = enter(sysctl->netns, &home);
  if (error) return error;
  int fd = open_setting(sysctl->path, flags);
  if (fd == -EROFS) fd = open_in_container(sysctl->path, flags);
  leave(home);
  return fd;
}

// One read(2) or write(2): /proc/sys takes a value whole or not at all.
static napi_value netlink_read_sysctl(napi_env env, napi_callback_info info) {
  struct sysctl sysctl;
  int error = read_sysctl_arguments(env, info, &sysctl);
  int fd = error ? error : open_sysctl(&sysctl, O_RDONLY);
  if (fd < 0) return number(env, fd);
  ssize_t length;
  do {
    length = read(fd, sysctl.data.data, sysctl.data.length);
  } while (length < 0 && errno == EINTR);
  int64_t result = or_errno(length);
  close(fd);
  return number(env, result);
}

static napi_value netlink_write_sysctl(napi_env env, napi_callback_info info) {
  struct sysctl sysctl;
  int error = read_sysctl_arguments(env, info, &sysctl);
  int fd = error ? error : open_sysctl(&sysctl, O_WRONLY);
  if (fd < 0) return number(env, fd);
  ssize_t length;
  do {
    length = write(fd, sysctl.data.data, sysctl.data.length);
  } while (length < 0 && errno == EINTR);
  int64_t result = or_errno(length);
  close(fd);
  return number(env, result);
}

NAPI_MODULE_INIT() {
  const struct function functions[] = {
      {"open", netlink_open},
      {"makeNamespace", netlink_make_namespace},
      {"close", netlink_close},
      {"send", netlink_send},
      {"receive", netlink_receive},
      {"portId", netlink_port_id},
      {"addMembership", netlink_add_membership},
      {"flock", netlink_flock},
      {"readSysctl", netlink_read_sysctl},
      {"writeSysctl", netlink_write_sysctl},
      {"listenLocal", local_listen},
      {"acceptLocal", local_accept},
      {"peerUser", local_peer_user},
      {"receiveLocal", local_receive},
      {"sendLocal", local_send},
      {"watch", local_watch},
      {"unwatch", local_unwatch},
      {"openFileWatch", local_open_file_watch},
      {"addFileWatch", local_add_file_watch},
      {"readFileEvents", local_read_file_events},
      {"openEncapsulation", local_open_encapsulation},
      {"releaseImage", image_release},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok)
      return NULL;
    if (napi_set_named_property(env, exports, functions[i].name, function) != napi_ok) return NULL;
  }
  return exports;
}
