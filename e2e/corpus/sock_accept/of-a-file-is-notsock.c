#include "../guest.h"

FILES {
  u32 fd;
  expect(sock_accept(opened(T("file"), 0, ALL), 0, &fd), NOTSOCK);
}
