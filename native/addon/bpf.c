// SPDX-License-Identifier: Apache-2.0
//
// Which BPF programs see a device's packets, where netlink does not say: tcx and netkit.

#define _GNU_SOURCE
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

static int call_bpf(int command, union bpf_attr *attributes) {
  return or_errno(syscall(SYS_bpf, command, attributes, sizeof *attributes));
}

// Writes the programs' ids to `ids`, as many as fit; returns how many there are.
static int64_t query(int index, int attach_type, const struct bytes *ids) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.query.target_fd = index;  // target_ifindex, a union of the same
  attributes.query.attach_type = attach_type;
  attributes.query.prog_ids = (uintptr_t)ids->data;
  attributes.query.prog_cnt = ids->length / sizeof(uint32_t);
  int error = call_bpf(BPF_PROG_QUERY, &attributes);
  if (error) return error;
  return attributes.query.prog_cnt;
}

napi_value bpf_attached(napi_env env, napi_callback_info info) {
  struct arguments args;
  struct bytes ids;
  int netns, index, attach_type, home;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &netns);
  if (!error) error = read_int(&args, 1, &index);
  if (!error) error = read_int(&args, 2, &attach_type);
  if (!error) error = read_bytes(&args, 3, &ids);
  if (!error) error = enter(netns, &home);
  if (error) return number(env, error);
  int64_t result = query(index, attach_type, &ids);
  leave(home);
  return number(env, result);
}

// Fills `program`, whose pointers say what else is wanted.
static int read_program(int id, struct bpf_prog_info *program) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_id = id;
  int fd = call_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
  if (fd < 0) return fd;
  memset(&attributes, 0, sizeof attributes);
  attributes.info.bpf_fd = fd;
  attributes.info.info = (uintptr_t)program;
  attributes.info.info_len = sizeof *program;
  int error = call_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
  close(fd);
  return error;
}

static int read_id_and_bytes(napi_env env, napi_callback_info info, int *id, struct bytes *bytes) {
  struct arguments args;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, id);
  return error ? error : read_bytes(&args, 1, bytes);
}

napi_value bpf_name(napi_env env, napi_callback_info info) {
  struct bpf_prog_info program;
  struct bytes name;
  int id;
  int error = read_id_and_bytes(env, info, &id, &name);
  if (!error && name.length < BPF_OBJ_NAME_LEN) error = -EINVAL;
  memset(&program, 0, sizeof program);
  if (!error) error = read_program(id, &program);
  if (error) return number(env, error);
  memcpy(name.data, program.name, BPF_OBJ_NAME_LEN);
  return number(env, strnlen(program.name, BPF_OBJ_NAME_LEN));
}

napi_value bpf_instructions(napi_env env, napi_callback_info info) {
  struct bpf_prog_info program;
  struct bytes instructions;
  int id;
  int error = read_id_and_bytes(env, info, &id, &instructions);
  memset(&program, 0, sizeof program);
  if (!error) {
    program.xlated_prog_insns = (uintptr_t)instructions.data;
    program.xlated_prog_len = instructions.length;
    error = read_program(id, &program);
  }
  // The kernel takes the pointer away where the reader may not see them.
  if (!error && !program.xlated_prog_insns) error = -EPERM;
  return number(env, error ? error : (int64_t)program.xlated_prog_len);
}
