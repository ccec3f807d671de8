// SPDX-License-Identifier: Apache-2.0
//
// How the addon's functions read what JavaScript hands them, and answer: a number, or -errno.

#pragma once

#include <errno.h>
#include <stdint.h>

#define NAPI_VERSION 8
#include <node_api.h>

#define MAX_ARGUMENTS 4

struct function {
  const char *name;
  napi_callback call;
};

struct arguments {
  napi_env env;
  napi_value value[MAX_ARGUMENTS];
};

struct bytes {
  void *data;
  size_t length;
};

static inline int read_arguments(napi_env env, napi_callback_info info, struct arguments *args) {
  size_t count = MAX_ARGUMENTS;  // missing ones come as undefined, which none of the readers below accepts
  args->env = env;
  return napi_get_cb_info(env, info, &count, args->value, NULL, NULL) == napi_ok ? 0 : -EINVAL;
}

static inline int read_int(const struct arguments *args, int index, int *result) {
  return napi_get_value_int32(args->env, args->value[index], result) == napi_ok ? 0 : -EINVAL;
}

static inline int read_bytes(const struct arguments *args, int index, struct bytes *result) {
  napi_typedarray_type type;
  bool is_typed_array = false;
  napi_is_typedarray(args->env, args->value[index], &is_typed_array);
  if (!is_typed_array) return -EINVAL;
  if (napi_get_typedarray_info(args->env, args->value[index], &type, &result->length, &result->data, NULL, NULL) != napi_ok)
    return -EINVAL;
  return type == napi_uint8_array ? 0 : -EINVAL;
}

static inline napi_value number(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

static inline int64_t or_errno(int64_t result) { return result < 0 ? -errno : result; }
