#include "../guest.h"

FILES {
  filestat stat;
  expect(path_remove_directory(ROOT, T("empty")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("empty"), &stat), NOENT);
}
