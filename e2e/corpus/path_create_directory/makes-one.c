#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T("new")), SUCCESS);
  filestat stat;
  expect(path_filestat_get(ROOT, 0, T("new"), &stat), SUCCESS);
  same(stat.type, DIRECTORY);
}
