// SPDX-License-Identifier: Apache-2.0
//
// Local sockets that carry messages and open files, which Node's do not.

#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

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
