#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("dir/."), ROOT, T("new")), BUSY);
  expect(path_rename(ROOT, T("file"), ROOT, T("dir/..")), BUSY);
}
