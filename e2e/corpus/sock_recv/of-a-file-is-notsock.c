#include "../guest.h"

FILES {
  char bytes[4];
  buffer all = {bytes, 4};
  u32 count;
  u16 flags;
  expect(sock_recv(opened(T("file"), 0, ALL), &all, 1, 0, &count, &flags), NOTSOCK);
}
