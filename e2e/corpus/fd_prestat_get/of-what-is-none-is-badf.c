#include "../guest.h"

PLAIN {
  u32 prestat[2];
  expect(fd_prestat_get(STDOUT, prestat), BADF);
  expect(fd_prestat_get(ROOT + 1, prestat), BADF);
}
