#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1000000007, 1000000009, ATIM | MTIM), SUCCESS);
  expect(path_filestat_set_times(ROOT, 0, T("file"), 5, 1000000011, MTIM), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  same(stat.atim, 1000000007);
  same(stat.mtim, 1000000011);
}
