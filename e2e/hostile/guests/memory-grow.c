#include "guest.h"

/* Grows until it may not, and says how far it came. */
GUEST {
  u32 step = 4096;
  while (step > 0)
    if (__builtin_wasm_memory_grow(0, step) == (u32)-1) step /= 2;
  say(1, "pages "), say_number(1, __builtin_wasm_memory_size(0)), say(1, "\n");
  want(clock_time_get(0, 0, MEMORY_END - 8), SUCCESS);
  hold(__builtin_wasm_memory_grow(0, 0xffffffffu) == (u32)-1);
}
