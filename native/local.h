// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <node_api.h>
#include <stdint.h>

// Of netlink.c.
int enter(int netns, int *home);
void leave(int home);
int set_option(int fd, int level, int name, int value);
int64_t now_ms(void);
int wait_readable(int fd, int64_t deadline);

// Of local.c.
napi_value local_listen(napi_env env, napi_callback_info info);
napi_value local_accept(napi_env env, napi_callback_info info);
napi_value local_peer_user(napi_env env, napi_callback_info info);
napi_value local_receive(napi_env env, napi_callback_info info);
napi_value local_send(napi_env env, napi_callback_info info);
napi_value local_watch(napi_env env, napi_callback_info info);
napi_value local_unwatch(napi_env env, napi_callback_info info);
napi_value local_open_file_watch(napi_env env, napi_callback_info info);
napi_value local_add_file_watch(napi_env env, napi_callback_info info);
napi_value local_read_file_events(napi_env env, napi_callback_info info);
napi_value local_open_encapsulation(napi_env env, napi_callback_info info);

// Of image.c.
napi_value image_release(napi_env env, napi_callback_info info);
