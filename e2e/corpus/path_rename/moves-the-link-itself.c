#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("link"), ROOT, T("moved")), SUCCESS);
  filestat stat;
  expect(path_filestat_get(ROOT, 0, T("moved"), &stat), SUCCESS);
  same(stat.type, SYMBOLIC_LINK);
  holds(T("file"), "hello");
}
