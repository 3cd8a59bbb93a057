#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("file"), ROOT, T("dir/inner")), SUCCESS);
  holds(T("dir/inner"), "hello");
}
