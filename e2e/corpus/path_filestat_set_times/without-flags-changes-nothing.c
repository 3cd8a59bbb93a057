#include "../guest.h"

FILES {
  filestat before, after;
  expect(path_filestat_get(ROOT, 0, T("file"), &before), SUCCESS);
  expect(path_filestat_set_times(ROOT, 0, T("file"), 1, 1, 0), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &after), SUCCESS);
  check(after.atim == before.atim && after.mtim == before.mtim);
  expect(path_filestat_set_times(ROOT, 0, T("missing"), 1, 1, 0), NOENT);
}
