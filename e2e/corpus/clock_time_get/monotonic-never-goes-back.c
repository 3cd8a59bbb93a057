#include "../guest.h"

PLAIN {
  u64 last = 0, now;
  for (u32 i = 0; i < 100; i++) {
    expect(clock_time_get(1, 1, &now), SUCCESS);
    check(now >= last);
    last = now;
  }
}
