#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_set_times(ROOT, 0, T("link"), 0, 1000000007, MTIM), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("link"), &stat), SUCCESS);
  same(stat.mtim, 1000000007);
  expect(path_filestat_get(ROOT, FOLLOW, T("link"), &stat), SUCCESS);
  check(stat.mtim != 1000000007);
}
