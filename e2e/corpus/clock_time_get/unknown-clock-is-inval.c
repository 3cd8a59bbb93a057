#include "../guest.h"

PLAIN {
  u64 now;
  expect(clock_time_get(17, 1, &now), INVAL);
}
