#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("dir/inner")), SUCCESS);
  expect(path_remove_directory(ROOT, T("dir")), SUCCESS);
  expect(path_create_directory(ROOT, T("dir")), SUCCESS);
  check(!lists(opened(T("dir"), 0, SEARCHING), "inner", REGULAR_FILE));
}
