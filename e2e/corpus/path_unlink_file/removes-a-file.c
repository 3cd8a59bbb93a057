#include "../guest.h"

FILES {
  filestat stat;
  expect(path_unlink_file(ROOT, T("file")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), NOENT);
  check(!lists(opened(T("."), 0, SEARCHING), "file", REGULAR_FILE));
}
