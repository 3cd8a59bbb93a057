#include "../guest.h"

PLAIN {
  u64 resolution;
  expect(clock_res_get(17, &resolution), INVAL);
}
