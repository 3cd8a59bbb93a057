#include "../guest.h"

FILES {
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1, 1, ATIM | ATIM_NOW), INVAL);
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1, 1, MTIM | MTIM_NOW), INVAL);
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1, 1, 16), INVAL);
}
