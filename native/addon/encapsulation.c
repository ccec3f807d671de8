// SPDX-License-Identifier: Apache-2.0
//
// Sockets that hand ESP in UDP to the kernel (RFC 3948).

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

static int bind_any(int fd, int family, int port) {
  struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int error = family == AF_INET ? bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4)
                                : bind(fd, (struct sockaddr *)&ipv6, sizeof ipv6);
  return error < 0 ? -errno : 0;
}

// Without a socket that has UDP_ENCAP the kernel takes ESP in UDP for plain UDP, and drops it.
static int configure_encapsulation(int fd, int family, int port) {
  int error = family == AF_INET6 ? set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
  if (!error) error = set_option(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
  if (!error) error = set_option(fd, SOL_SOCKET, SO_RCVBUF, 0);  // what is not ESP nobody reads
  return error ? error : bind_any(fd, family, port);
}

napi_value encapsulation_open(napi_env env, napi_callback_info info) {
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
