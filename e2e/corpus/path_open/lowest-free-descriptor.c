#include "../guest.h"

FILES {
  u32 a = opened(T("file"), 0, READING), b = opened(T("file"), 0, READING);
  same(a, ROOT + 1);
  same(b, ROOT + 2);
  expect(fd_close(a), SUCCESS);
  same(opened(T("file"), 0, READING), a);
}
