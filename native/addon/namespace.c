// SPDX-License-Identifier: Apache-2.0
//
// Other network namespaces than the thread's own: entered for one call, and left again in the same.

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // include/uapi/asm-generic/socket.h, Linux 5.14
#endif

#include "addon.h"
#include "arguments.h"

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

napi_value namespace_make(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, make_namespace());
}

// The number that tells a socket's network namespace from every other one of this boot, gone ones included.
napi_value namespace_cookie(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0) error = -errno;
  return number(env, error ? error : (int64_t)cookie);
}
