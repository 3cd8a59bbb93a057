#include "guest.h"

/* Clocks that do not exist, and how fine those that do are: none finer than it says. */
GUEST {
  u64 resolution, from, now;
  want(clock_time_get(4, 0, P(&from)), INVAL);
  want(clock_time_get(0xffffffffu, 0, P(&from)), INVAL);
  want(clock_res_get(0x80000000u, P(&from)), INVAL);
  for (u32 id = 0; id < 2; id++) {
    want(clock_res_get(id, P(&resolution)), SUCCESS);
    hold(resolution >= 1);
    want(clock_time_get(id, 0, P(&from)), SUCCESS);
    for (u32 i = 0; i < 10000; i++) {
      want(clock_time_get(id, ~0ull, P(&now)), SUCCESS);
      hold(id == 0 || now >= from);
      from = now;
    }
  }
}
