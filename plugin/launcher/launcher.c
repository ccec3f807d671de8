// SPDX-License-Identifier: Apache-2.0
//
// What a container runtime starts in crosslink's name: hands the call to the agent, or becomes the full binary.
//
// Of the call's content it holds in memory the CNI_* variables and one chunk at a time: stdin goes into a memory file
// that the agent, or the full binary, reads. plugin/agent/call/frame.ts is the other half of the protocol, and says what
// travels. Nothing is printed before the agent's answer is there as a whole, so that until then the full binary can
// take over.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// An agent elsewhere, for tests and for several nodes on one machine, is named by this variable.
#define SOCKET_VARIABLE "CROSSLINK_AGENT"
#define AGENT_SOCKET "/run/crosslink/agent.sock"
// Beside the launcher, under a name that no conflist has.
#define FULL_BINARY "crosslink.full"
#define OWN_NETWORK "/proc/self/ns/net"

#define CALL_LIMIT (64 * 1024)
#define CHUNK (32 * 1024)
// Above what the full binary accepts, so that it is the one that refuses.
#define STDIN_LIMIT (5 * 1024 * 1024)
#define ANSWER_LIMIT (8 * 1024 * 1024)
#define HEADER 16

// An agent that works answers within milliseconds, or, before a mesh of thousands is set up, in a second or two.
#ifndef ANSWER_MS
#define ANSWER_MS 10000
#endif
#define CONNECT_SECONDS 1

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

// The runtime may have handed us descriptors that do not block.
static void wait_for(int fd, short events) {
  struct pollfd item = {.fd = fd, .events = events};
  poll(&item, 1, -1);
}

static int write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EAGAIN) wait_for(fd, POLLOUT);
    else if (written < 0 && errno != EINTR) return -1;
    if (written <= 0) continue;
    bytes += written;
    length -= (size_t)written;
  }
  return 0;
}

static ssize_t read_some(int fd, char *buffer, size_t size) {
  for (;;) {
    ssize_t length = read(fd, buffer, size);
    if (length >= 0) return length;
    if (errno == EAGAIN) wait_for(fd, POLLIN);
    else if (errno != EINTR) return -1;
  }
}

enum { UNREAD = -1, LOST = -2 };

// Returns a memory file with all of stdin, at its beginning; UNREAD where nothing was taken from stdin, LOST where what
// was taken cannot be handed on. Beyond the limit the rest stays unread.
static int keep_stdin(char *buffer) {
  int file = memfd_create("crosslink-stdin", MFD_CLOEXEC);
  if (file < 0) return UNREAD;
  for (size_t total = 0; total <= STDIN_LIMIT;) {
    ssize_t length = read_some(STDIN_FILENO, buffer, CHUNK);
    if (length < 0 && total == 0) {
      close(file);
      return UNREAD;
    }
    if (length < 0 || write_all(file, buffer, (size_t)length) < 0) return LOST;
    if (length == 0) break;
    total += (size_t)length;
  }
  return lseek(file, 0, SEEK_SET) < 0 ? LOST : file;
}

static int is_root(int fd) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == 0;
}

static int connect_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = AGENT_SOCKET};
  const char *named = getenv(SOCKET_VARIABLE);
  if (named != NULL && strlen(named) >= sizeof address.sun_path) return -1;
  if (named != NULL) strcpy(address.sun_path, named);
  struct timeval patience = {.tv_sec = CONNECT_SECONDS};
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // a full backlog makes connect() wait
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && is_root(fd)) return fd;
  close(fd);
  return -1;
}

enum { STDIN_FILE, NETWORK_FILE, POD_FILE, MOST_FILES };

static int send_call(int fd, const struct call *call, const int *files, size_t count) {
  union {
    char bytes[CMSG_SPACE(MOST_FILES * sizeof(int))];
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

// One message; a longer one than the buffer is cut, which its length then tells (MSG_TRUNC).
static ssize_t receive(int fd, char *buffer, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd item = {.fd = fd, .events = POLLIN};
    int ready = poll(&item, 1, left < 0 ? 0 : (int)left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return -1;
    ssize_t length = recv(fd, buffer, CHUNK, MSG_TRUNC);
    if (length > CHUNK) return -1;
    if (length >= 0 || errno != EINTR) return length;
  }
}

struct answer {
  uint32_t code, out, error;
  int spool;  // a memory file with what does not fit into one message; -1 where all of it does
};

static int read_header(const char *buffer, ssize_t length, struct answer *answer) {
  if (length < HEADER || memcmp(buffer, "CLK1", 4) != 0) return -1;
  *answer = (struct answer){get_u32(buffer + 4), get_u32(buffer + 8), get_u32(buffer + 12), -1};
  return answer->code > 255 || answer->out > ANSWER_LIMIT || answer->error > ANSWER_LIMIT ? -1 : 0;
}

// Takes the whole answer: its content is in the buffer after the header, or in the spool.
static int receive_answer(int fd, char *buffer, struct answer *answer) {
  int64_t deadline = now_ms() + ANSWER_MS;
  ssize_t length = receive(fd, buffer, deadline);
  if (length < 0 || read_header(buffer, length, answer) < 0) return -1;
  size_t left = (size_t)answer->out + answer->error;
  length -= HEADER;
  if ((size_t)length == left) return 0;
  answer->spool = memfd_create("crosslink-answer", MFD_CLOEXEC);
  if (answer->spool < 0) return -1;
  for (char *part = buffer + HEADER;; part = buffer) {
    if (length < 0 || (size_t)length > left || (part == buffer && length == 0)) return -1;
    if (write_all(answer->spool, part, (size_t)length) < 0) return -1;
    left -= (size_t)length;
    if (left == 0) return lseek(answer->spool, 0, SEEK_SET) < 0 ? -1 : 0;
    length = receive(fd, buffer, deadline);
  }
}

static int copy(int from, int to, char *buffer, size_t length) {
  while (length > 0) {
    ssize_t some = read_some(from, buffer, length < CHUNK ? length : CHUNK);
    if (some <= 0 || write_all(to, buffer, (size_t)some) < 0) return -1;
    length -= (size_t)some;
  }
  return 0;
}

// From here on it is this answer or none: a part of it may be out.
static int print_answer(const struct answer *answer, char *buffer) {
  signal(SIGPIPE, SIG_IGN);
  char *out = buffer + HEADER;
  int printed = answer->spool < 0 ? write_all(STDOUT_FILENO, out, answer->out)
                                  : copy(answer->spool, STDOUT_FILENO, buffer, answer->out);
  if (printed < 0) return 1;
  if (answer->spool < 0) write_all(STDERR_FILENO, out + answer->out, answer->error);
  else copy(answer->spool, STDERR_FILENO, buffer, answer->error);
  return (int)answer->code;
}

// The exit code, or -1 where there is no agent, or none that answers.
static int ask_agent(const struct call *call, int input, char *buffer) {
  struct answer answer;
  int files[MOST_FILES];
  size_t count = POD_FILE;
  const char *pod = getenv("CNI_NETNS");
  int agent = connect_agent();
  if (agent < 0) return -1;
  files[STDIN_FILE] = input;
  files[NETWORK_FILE] = open(OWN_NETWORK, O_RDONLY | O_CLOEXEC);
  files[POD_FILE] = pod == NULL || *pod == '\0' ? -1 : open(pod, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (files[POD_FILE] >= 0) count = MOST_FILES;
  int asked = files[NETWORK_FILE] < 0 ? -1 : send_call(agent, call, files, count);
  if (asked < 0 || receive_answer(agent, buffer, &answer) < 0) {
    close(agent);  // tells an agent that comes to it late that nobody waits
    return -1;
  }
  return print_answer(&answer, buffer);
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

// Where nothing else can answer any more.
static int fail(const char *what) {
  static const char head[] = "{\"cniVersion\":\"1.1.0\",\"code\":5,\"msg\":\"Cannot run crosslink: ";
  static const char tail[] = "\",\"details\":\"there is no agent that answers, and the full binary " FULL_BINARY
                             " beside the launcher cannot serve instead: run `crosslink install` again\"}\n";
  write_all(STDOUT_FILENO, head, sizeof head - 1);
  write_all(STDOUT_FILENO, what, strlen(what));
  write_all(STDOUT_FILENO, tail, sizeof tail - 1);
  return 1;
}

// Variables by which Node writes files of its own, or takes settings: who calls a plugin means none of them. NODE_NAME is
// Kubernetes' word, and ours.
static void forget_node_variables(void) {
  char **kept = environ;
  for (char **variable = environ; *variable != NULL; variable++)
    if (strncmp(*variable, "NODE_", 5) != 0 || strncmp(*variable, "NODE_NAME=", 10) == 0) *kept++ = *variable;
  *kept = NULL;
}

static int become_full_binary(char **argv, int input) {
  char path[4096];
  if (full_binary(path, sizeof path) < 0) return fail("its own path cannot be read");
  if (input >= 0 && (lseek(input, 0, SEEK_SET) < 0 || dup2(input, STDIN_FILENO) < 0)) return fail("stdin is lost");
  forget_node_variables();
  execve(path, argv, environ);
  return fail(strerror(errno));
}

int main(int argc, char **argv) {
  static struct call call;
  static char buffer[CHUNK];
  const char *command = getenv("CNI_COMMAND");
  if (argc < 1) return fail("it was started without a name");
  // VERSION needs no stdin, a command line wants the terminal: neither is worth an agent's time.
  if (command == NULL || strcmp(command, "VERSION") == 0) return become_full_binary(argv, UNREAD);
  int input = keep_stdin(buffer);
  if (input == LOST) return fail("stdin cannot be kept");
  if (input == UNREAD) return become_full_binary(argv, UNREAD);
  int code = write_call(&call, argv[0]) < 0 ? -1 : ask_agent(&call, input, buffer);
  return code >= 0 ? code : become_full_binary(argv, input);
}
