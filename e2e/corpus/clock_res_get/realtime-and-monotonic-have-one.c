#include "../guest.h"

PLAIN {
  u64 resolution = 0;
  expect(clock_res_get(0, &resolution), SUCCESS);
  check(resolution > 0 && resolution <= 1000000000);
  resolution = 0;
  expect(clock_res_get(1, &resolution), SUCCESS);
  check(resolution > 0 && resolution <= 1000000000);
}
