#include "../guest.h"

FILES {
  expect(path_symlink(TEXT("dir/inner"), ROOT, T("new")), SUCCESS);
  holds(T("new"), "inner");
}
