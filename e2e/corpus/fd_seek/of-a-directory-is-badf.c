#include "../guest.h"

FILES {
  u64 at;
  expect(fd_seek(ROOT, 0, SET, &at), BADF);
}
