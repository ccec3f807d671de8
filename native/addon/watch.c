// SPDX-License-Identifier: Apache-2.0
//
// A call back from the event loop when a file can be read.

#define _GNU_SOURCE
#include <stdlib.h>
#include <uv.h>

#include "addon.h"
#include "arguments.h"

// One file that is watched. Freed when libuv has let go of it.
struct watch {
  uv_poll_t poll;  // first, so that libuv's pointer is ours
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  int fd;
  struct watch *next;
};

static void call_back(uv_poll_t *poll, int status, int events) {
  (void)status;  // an error of the file shows when it is read
  (void)events;
  struct watch *watch = (struct watch *)poll;
  napi_env env = watch->env;
  napi_handle_scope scope;
  napi_value callback, global, error;
  bool failed = false;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_get_reference_value(env, watch->callback, &callback);
  napi_get_global(env, &global);
  napi_make_callback(env, watch->context, global, callback, 0, NULL, NULL);
  napi_is_exception_pending(env, &failed);
  if (failed && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

static void release(uv_handle_t *handle) { free(handle); }

// The list of one environment's watches hangs on the environment: no state of the process'.
static struct watch **watches(napi_env env) {
  void *data = NULL;
  napi_get_instance_data(env, &data);
  if (data != NULL) return data;
  struct watch **list = calloc(1, sizeof *list);
  if (list != NULL) napi_set_instance_data(env, list, NULL, NULL);
  return list;
}

static int start(struct watch *watch, napi_value callback) {
  uv_loop_t *loop;
  napi_value name;
  napi_env env = watch->env;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return -ENOTSUP;
  int error = uv_poll_init(loop, &watch->poll, watch->fd);
  if (error) return error;  // libuv's errors are -errno
  napi_create_reference(env, callback, 1, &watch->callback);
  napi_create_string_utf8(env, "watch", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &watch->context);
  return uv_poll_start(&watch->poll, UV_READABLE, call_back);
}

napi_value watch_start(napi_env env, napi_callback_info info) {
  struct arguments args;
  napi_valuetype type;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  if (!error && (napi_typeof(env, args.value[1], &type) != napi_ok || type != napi_function)) error = -EINVAL;
  if (error) return number(env, error);
  struct watch **list = watches(env);
  struct watch *watch = list == NULL ? NULL : calloc(1, sizeof *watch);
  if (watch == NULL) return number(env, -ENOMEM);
  watch->env = env;
  watch->fd = fd;
  error = start(watch, args.value[1]);
  if (error) {
    free(watch);
    return number(env, error);
  }
  watch->next = *list;
  *list = watch;
  return number(env, fd);
}

napi_value watch_stop(napi_env env, napi_callback_info info) {
  struct arguments args;
  int fd;
  int error = read_arguments(env, info, &args);
  if (!error) error = read_int(&args, 0, &fd);
  struct watch **link = watches(env);
  if (error || link == NULL) return number(env, error ? error : -ENOMEM);
  while (*link != NULL && (*link)->fd != fd) link = &(*link)->next;
  struct watch *watch = *link;
  if (watch == NULL) return number(env, -ENOENT);
  *link = watch->next;
  napi_async_destroy(env, watch->context);
  napi_delete_reference(env, watch->callback);
  uv_close((uv_handle_t *)&watch->poll, release);
  return number(env, 0);
}
