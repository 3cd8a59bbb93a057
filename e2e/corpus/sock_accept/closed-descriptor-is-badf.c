#include "../guest.h"

PLAIN {
  u32 fd;
  expect(sock_accept(99, 0, &fd), BADF);
}
