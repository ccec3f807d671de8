// SPDX-License-Identifier: Apache-2.0
//
// inotify, whose queue can be read at will: Node's fs.watch() reads it when the event loop gets there.

#define _GNU_SOURCE
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

napi_value file_watch_open(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, or_errno(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
}

napi_value file_watch_add(napi_env env, napi_callback_info info) {
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

napi_value file_watch_remove(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd, watch;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error) error = read_int(&args, 1, &watch);
  return number(env, error ? error : or_errno(inotify_rm_watch(fd, watch)));
}

napi_value file_watch_read(napi_env env, napi_callback_info info) {
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
