#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_get(ROOT, FOLLOW, T("link"), &stat), SUCCESS);
  same(stat.type, REGULAR_FILE);
  expect(path_filestat_get(ROOT, FOLLOW, T("dangling"), &stat), NOENT);
  expect(path_filestat_get(ROOT, FOLLOW, T("loop"), &stat), LOOP);
}
