#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("dir")), ISDIR);
  expect(path_unlink_file(ROOT, T("dir/")), ISDIR);
  expect(path_unlink_file(ROOT, T(".")), ISDIR);
}
