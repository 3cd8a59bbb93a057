#include "../guest.h"

FILES {
  u32 fd = opened(T("new"), CREAT, ALL);
  write_text(fd, "text");
  expect(fd_close(fd), SUCCESS);
  holds(T("new"), "text");
}
