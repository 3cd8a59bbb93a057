#include "../guest.h"

FILES {
  filestat stat;
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  same(stat.type, REGULAR_FILE);
  same(stat.size, 5);
  expect(path_filestat_get(ROOT, 0, T("dir"), &stat), SUCCESS);
  same(stat.type, DIRECTORY);
}
