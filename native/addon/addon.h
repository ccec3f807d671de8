// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <node_api.h>
#include <stdint.h>

// Of namespace.c.
int enter(int netns, int *home);
void leave(int home);
napi_value namespace_make(napi_env env, napi_callback_info info);
napi_value namespace_cookie(napi_env env, napi_callback_info info);

// Of descriptor.c.
int set_option(int fd, int level, int name, int value);
int64_t now_ms(void);
int wait_readable(int fd, int64_t deadline);
napi_value descriptor_close(napi_env env, napi_callback_info info);
napi_value descriptor_flock(napi_env env, napi_callback_info info);

// Of netlink.c.
napi_value netlink_open(napi_env env, napi_callback_info info);
napi_value netlink_send(napi_env env, napi_callback_info info);
napi_value netlink_receive(napi_env env, napi_callback_info info);
napi_value netlink_port_id(napi_env env, napi_callback_info info);
napi_value netlink_add_membership(napi_env env, napi_callback_info info);

// Of sysctl.c.
napi_value sysctl_read(napi_env env, napi_callback_info info);
napi_value sysctl_write(napi_env env, napi_callback_info info);

// Of local.c.
napi_value local_listen(napi_env env, napi_callback_info info);
napi_value local_accept(napi_env env, napi_callback_info info);
napi_value local_peer_user(napi_env env, napi_callback_info info);
napi_value local_receive(napi_env env, napi_callback_info info);
napi_value local_send(napi_env env, napi_callback_info info);

// Of watch.c.
napi_value watch_start(napi_env env, napi_callback_info info);
napi_value watch_stop(napi_env env, napi_callback_info info);

// Of file-watch.c.
napi_value file_watch_open(napi_env env, napi_callback_info info);
napi_value file_watch_add(napi_env env, napi_callback_info info);
napi_value file_watch_remove(napi_env env, napi_callback_info info);
napi_value file_watch_read(napi_env env, napi_callback_info info);

// Of encapsulation.c.
napi_value encapsulation_open(napi_env env, napi_callback_info info);

// Of image.c.
napi_value image_release(napi_env env, napi_callback_info info);
napi_value freed_release(napi_env env, napi_callback_info info);

// Of bpf.c.
napi_value bpf_attached(napi_env env, napi_callback_info info);
napi_value bpf_name(napi_env env, napi_callback_info info);
napi_value bpf_instructions(napi_env env, napi_callback_info info);
