#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("dir/inner"), ROOT, T("dir")), NOTEMPTY);
}
