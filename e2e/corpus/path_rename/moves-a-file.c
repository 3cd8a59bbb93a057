#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("file"), ROOT, T("dir/moved")), SUCCESS);
  expect(path_unlink_file(ROOT, T("file")), NOENT);
  holds(T("dir/moved"), "hello");
}
