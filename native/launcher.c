// SPDX-License-Identifier: Apache-2.0
//
// What a container runtime starts in crosslink's name: hands the call to the agent, or becomes the full binary.
//
// It holds nothing of the call's content in memory of its own but the CNI_* variables and 32 KiB at a time: stdin goes
// into a memory file that the agent, or the full binary, reads. plugin/agent/frame.ts is the other half of the protocol.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef AGENT_SOCKET
#define AGENT_SOCKET "/run/crosslink/agent.sock"
#endif
// Beside the launcher, under a name that no conflist has.
#define FULL_BINARY "crosslink.full"

#define CALL_LIMIT (64 * 1024)
#define CHUNK (32 * 1024)
#define STDIN_LIMIT (5 * 1024 * 1024)
#define ANSWER_LIMIT (8 * 1024 * 1024)
#define ANSWER_MS 20000
#define CONNECT_MS 1000

extern char **environ;

struct call {
  char bytes[CALL_LIMIT];
  size_t length;
};

static void put_u32(char *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (char)(value >> (8 * i));
}

static uint32_t get_u32(const char *from) {
  const unsigned char *bytes = (const unsigned char *)from;
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static int put_text(struct call *call, const char *text) {
  size_t length = strlen(text) + 1;
  if (length > sizeof call->bytes - call->length) return -1;
  memcpy(call->bytes + call->length, text, length);
  call->length += length;
  return 0;
}

// The agent has its own environment; of the call's only what the CNI specification names.
static int write_call(struct call *call, const char *program) {
  memcpy(call->bytes, "CLK1", 4);
  call->length = 8;
  if (put_text(call, program) < 0) return -1;
  for (char **variable = environ; *variable != NULL; variable++)
    if (strncmp(*variable, "CNI_", 4) == 0 && strchr(*variable, '=') != NULL && put_text(call, *variable) < 0) return -1;
  put_u32(call->bytes + 4, (uint32_t)(call->length - 8));
  return 0;
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      struct pollfd item = {.fd = fd, .events = POLLOUT};
      if (poll(&item, 1, ANSWER_MS) > 0) continue;
      return -1;
    }
    if (written <= 0) return -1;
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

static ssize_t read_some(int fd, char *buffer, size_t size) {
  for (;;) {
    ssize_t length = read(fd, buffer, size);
    if (length >= 0) return length;
    if (errno == EAGAIN) {
      struct pollfd item = {.fd = fd, .events = POLLIN};
      poll(&item, 1, -1);
    } else if (errno != EINTR) {
      return -1;
    }
  }
}

// Returns a memory file with all of stdin, at its beginning; -1 where that cannot be had. Beyond the limit the rest is
// left unread: the full binary refuses that much, and says so.
static int keep_stdin(char *buffer) {
  int file = memfd_create("crosslink-stdin", MFD_CLOEXEC);
  size_t total = 0;
  ssize_t length = 0;
  if (file < 0) return -1;
  while (total <= STDIN_LIMIT && (length = read_some(STDIN_FILENO, buffer, CHUNK)) > 0) {
    if (write_all(file, buffer, (size_t)length) < 0) break;
    total += (size_t)length;
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

static int connect_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AGENT_SOCKET};
  struct timeval patience = {.tv_sec = CONNECT_MS / 1000};
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // a full backlog makes connect() wait
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static int send_call(int fd, const struct call *call, const int *files, size_t count) {
  union {
    char bytes[CMSG_SPACE(2 * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec part = {.iov_base = (void *)call->bytes, .iov_len = call->length};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  memset(&control, 0, sizeof control);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), files, count * sizeof(int));
  ssize_t sent;
  do {
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)call->length ? 0 : -1;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static ssize_t receive(int fd, char *buffer, size_t size, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd item = {.fd = fd, .events = POLLIN};
    int ready = poll(&item, 1, left < 0 ? 0 : (int)left);
    if (ready == 0) return -1;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return -1;
    ssize_t length = recv(fd, buffer, size, 0);
    if (length >= 0 || errno != EINTR) return length;
  }
}

// From the header on the answer counts: whatever breaks after it is an error, and no reason to do the call twice.
static int copy_answer(int fd, char *buffer, int64_t deadline) {
  ssize_t length = receive(fd, buffer, CHUNK, deadline);
  if (length != 16 || memcmp(buffer, "CLK1", 4) != 0) return -1;
  uint32_t code = get_u32(buffer + 4), out = get_u32(buffer + 8), error = get_u32(buffer + 12);
  if (out > ANSWER_LIMIT || error > ANSWER_LIMIT) return -1;
  uint32_t left = out + error;
  while (left > 0) {
    length = receive(fd, buffer, CHUNK, deadline);
    if (length <= 0 || (uint32_t)length > left) return 1;
    uint32_t first = out < (uint32_t)length ? out : (uint32_t)length;
    if (write_all(STDOUT_FILENO, buffer, first) < 0) return 1;
    write_all(STDERR_FILENO, buffer + first, (size_t)length - first);
    out -= first;
    left -= (uint32_t)length;
  }
  return code > 255 ? 1 : (int)code;
}

// The exit code, or -1 where there is no agent, or none that answers.
static int ask_agent(const struct call *call, int input, char *buffer) {
  int files[2] = {input, -1};
  size_t count = 1;
  const char *path = getenv("CNI_NETNS");
  int agent = connect_agent();
  if (agent < 0) return -1;
  if (path != NULL && *path != '\0') files[1] = open(path, O_RDONLY | O_CLOEXEC);
  if (files[1] >= 0) count = 2;
  int code = send_call(agent, call, files, count);
  if (code == 0) code = copy_answer(agent, buffer, now_ms() + ANSWER_MS);
  if (files[1] >= 0) close(files[1]);
  close(agent);
  return code;
}

// The full binary's path: beside this file, whatever link it was started by.
static int full_binary(char *path, size_t size) {
  ssize_t length = readlink("/proc/self/exe", path, size - sizeof FULL_BINARY);
  if (length <= 0) return -1;
  path[length] = '\0';
  char *slash = strrchr(path, '/');
  if (slash == NULL) return -1;
  memcpy(slash + 1, FULL_BINARY, sizeof FULL_BINARY);
  return 0;
}

static int fail(const char *what) {
  static const char head[] = "{\"cniVersion\":\"1.1.0\",\"code\":5,\"msg\":\"Cannot run crosslink: ";
  static const char tail[] = "\",\"details\":\"there is no agent, and the full binary " FULL_BINARY " beside the launcher cannot be started; run crosslink install again\"}\n";
  write_all(STDOUT_FILENO, head, sizeof head - 1);
  write_all(STDOUT_FILENO, what, strlen(what));
  write_all(STDOUT_FILENO, tail, sizeof tail - 1);
  return 1;
}

static int become_full_binary(char **argv, int input) {
  char path[4096];
  if (full_binary(path, sizeof path) < 0) return fail("its own path cannot be read");
  if (input >= 0) dup2(input, STDIN_FILENO);
  execve(path, argv, environ);
  return fail(strerror(errno));
}

int main(int argc, char **argv) {
  static struct call call;
  static char buffer[CHUNK];
  const char *command = getenv("CNI_COMMAND");
  if (argc < 1) return fail("it was started without a name");
  // VERSION needs no stdin, a command line wants the terminal: neither is worth an agent's time.
  if (command == NULL || strcmp(command, "VERSION") == 0) return become_full_binary(argv, -1);
  int input = keep_stdin(buffer);
  if (input < 0) return become_full_binary(argv, -1);
  int code = write_call(&call, argv[0]) < 0 ? -1 : ask_agent(&call, input, buffer);
  if (code >= 0) return code;
  lseek(input, 0, SEEK_SET);
  return become_full_binary(argv, input);
}
