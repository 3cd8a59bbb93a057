#include "../guest.h"

FILES {
  char bytes[4];
  buffer all = {bytes, 4};
  u32 count;
  expect(fd_read(ROOT, &all, 1, &count), BADF);
}
