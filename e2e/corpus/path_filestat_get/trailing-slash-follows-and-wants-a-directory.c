#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_get(ROOT, 0, T("dirlink/"), &stat), SUCCESS);
  same(stat.type, DIRECTORY);
  expect(path_filestat_get(ROOT, 0, T("link/"), &stat), NOTDIR);
  expect(path_filestat_get(ROOT, 0, T("file/."), &stat), NOTDIR);
}
