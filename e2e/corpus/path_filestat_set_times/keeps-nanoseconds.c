#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1234567890123456789, 987654321098765432, ATIM | MTIM), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  same(stat.atim, 1234567890123456789);
  same(stat.mtim, 987654321098765432);
}
