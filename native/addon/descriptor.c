// SPDX-License-Identifier: Apache-2.0
//
// What is the same for any open file or socket.

#define _GNU_SOURCE
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
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

// Never retried on EINTR: Linux has freed the descriptor by then, and the number may already be another thread's file.
napi_value descriptor_close(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (error) return number(env, error);
  int64_t result = or_errno(close(fd));
  return number(env, result == -EINTR ? 0 : result);
}

napi_value descriptor_flock(napi_env env, napi_callback_info info) {
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
