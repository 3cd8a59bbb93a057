#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("file/"), ROOT, T("new")), NOTDIR);
  expect(path_rename(ROOT, T("file"), ROOT, T("new/")), NOTDIR);
  expect(path_rename(ROOT, T("file"), ROOT, T("empty/")), NOTDIR);
}
