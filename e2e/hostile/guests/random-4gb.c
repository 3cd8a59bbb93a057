#include "guest.h"

/* Randomness of 4 GiB. */
GUEST {
  want(random_get(0, 0xffffffffu), FAULT);
  want(random_get(1024, 0x80000000u), FAULT);
  u32 pages = 512;
  u32 end = MEMORY_END;
  hold(__builtin_wasm_memory_grow(0, pages) != (u32)-1);
  want(random_get(end, pages * 65536), SUCCESS);
  u32 zeros = 0;
  for (u32 at = end; at < MEMORY_END; at += 4096) zeros += *(u32 *)at == 0;
  hold(zeros < 3);
}
