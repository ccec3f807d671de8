// SPDX-License-Identifier: Apache-2.0
//
// Each function is one kernel conversation: it returns a non-negative result, or -errno, and never throws.
// No policy and no state: binding.ts says what each function means to its callers, TypeScript does the rest.

#include "addon.h"
#include "arguments.h"

NAPI_MODULE_INIT() {
  const struct function functions[] = {
      {"open", netlink_open},
      {"makeNamespace", namespace_make},
      {"namespaceCookie", namespace_cookie},
      {"close", descriptor_close},
      {"send", netlink_send},
      {"receive", netlink_receive},
      {"portId", netlink_port_id},
      {"addMembership", netlink_add_membership},
      {"flock", descriptor_flock},
      {"readSysctl", sysctl_read},
      {"writeSysctl", sysctl_write},
      {"listenLocal", local_listen},
      {"acceptLocal", local_accept},
      {"peerUser", local_peer_user},
      {"receiveLocal", local_receive},
      {"sendLocal", local_send},
      {"watch", watch_start},
      {"unwatch", watch_stop},
      {"openFileWatch", file_watch_open},
      {"addFileWatch", file_watch_add},
      {"removeFileWatch", file_watch_remove},
      {"readFileEvents", file_watch_read},
      {"openEncapsulation", encapsulation_open},
      {"releaseImage", image_release},
      {"releaseFreed", freed_release},
      {"attachedPrograms", bpf_attached},
      {"programName", bpf_name},
      {"programInstructions", bpf_instructions},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, NULL, &function) != napi_ok)
      return NULL;
    if (napi_set_named_property(env, exports, functions[i].name, function) != napi_ok) return NULL;
  }
  return exports;
}
