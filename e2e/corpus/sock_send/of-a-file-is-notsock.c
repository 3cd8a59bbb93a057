#include "../guest.h"

FILES {
  buffer all = {"x", 1};
  u32 count;
  expect(sock_send(opened(T("file"), 0, ALL), &all, 1, 0, &count), NOTSOCK);
}
