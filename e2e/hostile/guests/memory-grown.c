#include "guest.h"

/* The memory is another one after each growth; a call must see the newest. */
GUEST {
  for (u32 i = 0; i < 40; i++) {
    u32 end = MEMORY_END;
    iovec behind = {end, 5};
    want(fd_write(1, P(&behind), 1, P(&count)), FAULT);
    want(clock_time_get(0, 0, end), FAULT);
    hold(__builtin_wasm_memory_grow(0, 1) != (u32)-1);
    __builtin_memcpy((char *)end, "grown", 5);
    want(fd_write(1, P(&behind), 1, P(&count)), SUCCESS);
    hold(count == 5);
    want(clock_time_get(0, 0, MEMORY_END - 8), SUCCESS);
    hold(*(u64 *)(MEMORY_END - 8) != 0);
    want(random_get(end, 65536), SUCCESS);
  }
}
