// SPDX-License-Identifier: Apache-2.0
//
// What a resident program need not hold: its own file in memory, most of which was needed at its start only, and what malloc
// keeps of what was freed.

#define _GNU_SOURCE
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "addon.h"
#include "arguments.h"

// Whole pages of what nobody may write are as they are in the file: the kernel finds them there when they are touched again.
static int release_segments(struct dl_phdr_info *info, size_t size, void *result) {
  (void)size;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
    uintptr_t start = (info->dlpi_addr + segment->p_vaddr + page - 1) / page * page;
    uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) / page * page;
    if (start < end && madvise((void *)start, end - start, MADV_DONTNEED) < 0) *(int *)result = -errno;
  }
  return 1;  // the program itself comes first (dl_iterate_phdr(3)); its libraries are small
}

napi_value image_release(napi_env env, napi_callback_info info) {
  (void)info;
  int result = 0;
  dl_iterate_phdr(release_segments, &result);
  return number(env, result);
}

napi_value freed_release(napi_env env, napi_callback_info info) {
  (void)info;
  malloc_trim(0);
  return number(env, 0);
}
