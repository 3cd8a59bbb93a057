#include "../guest.h"

FILES {
  u32 prestat[2];
  expect(fd_prestat_get(opened(T("dir"), 0, SEARCHING), prestat), BADF);
}
