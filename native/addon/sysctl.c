// SPDX-License-Identifier: Apache-2.0
//
// /proc/sys/net, as a network namespace sees it.

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

#define SYSCTL_ROOT "/proc/sys/"
// Containers see /proc/sys read-only. Where one is given the node's /proc/sys/net, this is the place by custom.
#define CONTAINER_ROOT "/host"

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
napi_value sysctl_read(napi_env env, napi_callback_info info) {
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

napi_value sysctl_write(napi_env env, napi_callback_info info) {
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
