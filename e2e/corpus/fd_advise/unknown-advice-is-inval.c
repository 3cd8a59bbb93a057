#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_advise(fd, 0, 10, 6), INVAL);
}
