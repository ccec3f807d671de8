// SPDX-License-Identifier: Apache-2.0
//
// What a resident process needs and Node lacks: local sockets that carry open files, a call back when a file can be
// read, inotify whose queue can be read at will, and sockets that hand ESP in UDP to the kernel. As in netlink.c each function returns a number, or -errno.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <limits.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "local.h"

#define BACKLOG 256
#define MOST_FILES 16
#define SEND_MS 2000

static int read_path(const struct arguments *args, int index, struct sockaddr_un *address) {
  size_t length = 0;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (napi_get_value_string_utf8(args->env, args->value[index], address->sun_path, sizeof address->sun_path, &length) != napi_ok)
    return -EINVAL;
  if (length == 0 || strlen(address->sun_path) != length) return -EINVAL;
  return length >= sizeof address->sun_path - 1 ? -ENAMETOOLONG : 0;
}

// Only a socket is removed: whatever else stands there is not ours.
static int remove_socket(const char *path) {
  struct stat found;
  if (lstat(path, &found) < 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(found.st_mode)) return -EEXIST;
  return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int listen_at(int fd, const struct sockaddr_un *address) {
  int error = remove_socket(address->sun_path);
  if (error) return error;
  mode_t mask = umask(0177);
  int bound = bind(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? -errno : 0;
  umask(mask);
  if (bound < 0) return bound;
  return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

napi_value local_listen(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct sockaddr_un address;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_path(&args, 0, &address);
  if (error) return number(env, error);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return number(env, -errno);
  error = listen_at(fd, &address);
  if (!error) return number(env, fd);
  close(fd);
  return number(env, error);
}

napi_value local_accept(napi_env env, napi_callback_info info) {
  struct arguments args;
  int listener, fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &listener);
  if (error) return number(env, error);
  do {
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  return number(env, or_errno(fd));
}

napi_value local_peer_user(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct ucred peer;
  socklen_t length = sizeof peer;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (error) return number(env, error);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return number(env, -errno);
  return number(env, peer.uid);
}

static int read_files(const struct arguments *args, int index, int32_t **files, size_t *count) {
  napi_typedarray_type type;
  bool is_typed_array = false;
  napi_is_typedarray(args->env, args->value[index], &is_typed_array);
  if (!is_typed_array) return -EINVAL;
  if (napi_get_typedarray_info(args->env, args->value[index], &type, count, (void **)files, NULL, NULL) != napi_ok)
    return -EINVAL;
  return type == napi_int32_array && *count <= MOST_FILES ? 0 : -EINVAL;
}

// Hands on the descriptors that fit, and closes the others: nobody else knows of them.
static void take_files(struct msghdr *message, int32_t *files, size_t room) {
  size_t taken = 0;
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (taken < room) files[taken++] = fd;
      else close(fd);
    }
  }
}

static int64_t receive_with_files(int fd, struct bytes buffer, int32_t *files, size_t room) {
  union {
    char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec part = {.iov_base = buffer.data, .iov_len = buffer.length};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t length;
  do {
    length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return -errno;
  take_files(&message, files, room);
  return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : length;
}

napi_value local_receive(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes buffer;
  int32_t *files;
  size_t room;
  int fd, timeout_ms;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_bytes(&args, 1, &buffer);
  if (!error) error = read_files(&args, 2, &files, &room);
  if (!error) error = read_int(&args, 3, &timeout_ms);
  if (!error) error = wait_readable(fd, timeout_ms < 0 ? -1 : now_ms() + timeout_ms);
  if (error) return number(env, error);
  return number(env, receive_with_files(fd, buffer, files, room));
}

// An answer of any length can be sent, but not for long to one who does not read.
static int64_t send_patiently(int fd, struct bytes message) {
  for (;;) {
    ssize_t sent = send(fd, message.data, message.length, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return -errno;
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    if (poll(&item, 1, SEND_MS) == 0) return -EAGAIN;
  }
}

napi_value local_send(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes message;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_bytes(&args, 1, &message);
  return number(env, error ? error : send_patiently(fd, message));
}

// One file that is watched. Freed when libuv has let go of it.
struct watch {
  uv_poll_t poll;  // first, so that libuv's pointer is ours
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  int fd;
  struct watch *next;
};

static void call_back(uv_poll_t *poll, int status, int events) {
  (void)status;  // an error of the file shows when it is read
  (void)events;
  struct watch *watch = (struct watch *)poll;
  napi_env env = watch->env;
  napi_handle_scope scope;
  napi_value callback, global, error;
  bool failed = false;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_get_reference_value(env, watch->callback, &callback);
  napi_get_global(env, &global);
  napi_make_callback(env, watch->context, global, callback, 0, NULL, NULL);
  napi_is_exception_pending(env, &failed);
  if (failed && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

static void release(uv_handle_t *handle) { free(handle); }

// The list of one environment's watches hangs on the environment: no state of the process'.
static struct watch **watches(napi_env env) {
  void *data = NULL;
  napi_get_instance_data(env, &data);
  if (data != NULL) return data;
  struct watch **list = calloc(1, sizeof *list);
  if (list != NULL) napi_set_instance_data(env, list, NULL, NULL);
  return list;
}

static int start(struct watch *watch, napi_value callback) {
  uv_loop_t *loop;
  napi_value name;
  napi_env env = watch->env;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return -ENOTSUP;
  int error = uv_poll_init(loop, &watch->poll, watch->fd);
  if (error) return error;  // libuv's errors are -errno
  napi_create_reference(env, callback, 1, &watch->callback);
  napi_create_string_utf8(env, "watch", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &watch->context);
  return uv_poll_start(&watch->poll, UV_READABLE, call_back);
}

napi_value local_watch(napi_env env, napi_callback_info info) {
  struct arguments args;
  napi_valuetype type;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error && (napi_typeof(env, args.value[1], &type) != napi_ok || type != napi_function)) error = -EINVAL;
  if (error) return number(env, error);
  struct watch **list = watches(env);
  struct watch *watch = list == NULL ? NULL : calloc(1, sizeof *watch);
  if (watch == NULL) return number(env, -ENOMEM);
  watch->env = env;
  watch->fd = fd;
  error = start(watch, args.value[1]);
  if (error) {
    free(watch);
    return number(env, error);
  }
  watch->next = *list;
  *list = watch;
  return number(env, fd);
}

napi_value local_unwatch(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  struct watch **link = watches(env);
  if (error || link == NULL) return number(env, error ? error : -ENOMEM);
  while (*link != NULL && (*link)->fd != fd) link = &(*link)->next;
  struct watch *watch = *link;
  if (watch == NULL) return number(env, -ENOENT);
  *link = watch->next;
  napi_async_destroy(env, watch->context);
  napi_delete_reference(env, watch->callback);
  uv_close((uv_handle_t *)&watch->poll, release);
  return number(env, 0);
}

napi_value local_open_file_watch(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, or_errno(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
}

napi_value local_add_file_watch(napi_env env, napi_callback_info info) {
  struct arguments args;
  char path[PATH_MAX];
  size_t length = 0;
  int fd, mask;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error && napi_get_value_string_utf8(env, args.value[1], path, sizeof path, &length) != napi_ok) error = -EINVAL;
  if (!error && strlen(path) != length) error = -EINVAL;
  if (!error && length >= sizeof path - 1) error = -ENAMETOOLONG;
  if (!error) error = read_int(&args, 2, &mask);
  return number(env, error ? error : or_errno(inotify_add_watch(fd, path, (uint32_t)mask)));
}

napi_value local_read_file_events(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes buffer;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_bytes(&args, 1, &buffer);
  if (error) return number(env, error);
  ssize_t length;
  do {
    length = read(fd, buffer.data, buffer.length);
  } while (length < 0 && errno == EINTR);
  return number(env, or_errno(length));
}

static int bind_any(int fd, int family, int port) {
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int error = family == AF_INET ? bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4)
                                : bind(fd, (struct sockaddr *)&ipv6, sizeof ipv6);
  return error < 0 ? -errno : 0;
}

// RFC 3948: without a socket that has UDP_ENCAP the kernel takes ESP in UDP for plain UDP, and drops it.
static int configure_encapsulation(int fd, int family, int port) {
  int error = family == AF_INET6 ? set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
  if (!error) error = set_option(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
  if (!error) error = set_option(fd, SOL_SOCKET, SO_RCVBUF, 0);  // what is not ESP nobody reads
  return error ? error : bind_any(fd, family, port);
}

napi_value local_open_encapsulation(napi_env env, napi_callback_info info) {
  struct arguments args;
  int netns, family, port, home;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &netns);
  if (!error) error = read_int(&args, 1, &family);
  if (!error) error = read_int(&args, 2, &port);
  if (!error && family != AF_INET && family != AF_INET6) error = -EAFNOSUPPORT;
  if (!error) error = enter(netns, &home);
  if (error) return number(env, error);
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = fd < 0 ? -errno : fd;
  leave(home);
  if (result < 0) return number(env, result);
  error = configure_encapsulation(fd, family, port);
  if (!error) return number(env, fd);
  close(fd);
  return number(env, error);
}
