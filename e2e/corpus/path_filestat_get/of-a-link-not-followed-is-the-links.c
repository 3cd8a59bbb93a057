#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_get(ROOT, 0, T("link"), &stat), SUCCESS);
  same(stat.type, SYMBOLIC_LINK);
  same(stat.size, 4);
  expect(path_filestat_get(ROOT, 0, T("dangling"), &stat), SUCCESS);
}
