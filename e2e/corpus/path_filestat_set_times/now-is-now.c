#include "../guest.h"

FILES {
  filestat stat;
  u64 now;
  expect(clock_time_get(0, 1, &now), SUCCESS);
  expect(path_filestat_set_times(ROOT, 0, T("file"), 0, 0, ATIM_NOW | MTIM_NOW), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  check(stat.mtim + 60000000000 > now && stat.mtim < now + 60000000000);
}
