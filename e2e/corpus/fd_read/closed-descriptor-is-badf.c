#include "../guest.h"

PLAIN {
  char bytes[4];
  buffer all = {bytes, 4};
  u32 count;
  expect(fd_read(99, &all, 1, &count), BADF);
}
