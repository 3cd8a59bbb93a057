#include "../guest.h"

FILES {
  filestat stat;
  expect(path_link(ROOT, 0, T("file"), ROOT, T("second")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  same(stat.nlink, 2);
}
