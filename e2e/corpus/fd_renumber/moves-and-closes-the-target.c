#include "../guest.h"

FILES {
  u32 a = opened(T("file"), 0, READING), b = opened(T("dir/inner"), 0, READING);
  expect(fd_renumber(a, b), SUCCESS);
  expect(fd_close(a), BADF);
  read_text(b, "hello");
}
