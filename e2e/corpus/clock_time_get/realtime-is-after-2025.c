#include "../guest.h"

PLAIN {
  u64 now;
  expect(clock_time_get(0, 1, &now), SUCCESS);
  check(now > 1735689600000000000);
}
