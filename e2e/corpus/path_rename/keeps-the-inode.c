#include "../guest.h"

FILES {
  filestat before, after;
  expect(path_rename(ROOT, T("file"), ROOT, T("once")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("once"), &before), SUCCESS);
  expect(path_rename(ROOT, T("once"), ROOT, T("dir/twice")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("dir/twice"), &after), SUCCESS);
  same(after.ino == before.ino && after.dev == before.dev, 1);
}
