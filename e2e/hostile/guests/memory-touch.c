#include "guest.h"

/* Takes all it can and writes to every page of it. */
GUEST {
  u32 step = 4096;
  while (step > 0)
    if (__builtin_wasm_memory_grow(0, step) == (u32)-1) step /= 2;
  for (u32 page = 2; page < __builtin_wasm_memory_size(0); page++)
    for (u32 at = 0; at < 65536; at += 4096) *(volatile char *)(page * 65536 + at) = 1;
  say(1, "pages "), say_number(1, __builtin_wasm_memory_size(0)), say(1, "\n");
}
