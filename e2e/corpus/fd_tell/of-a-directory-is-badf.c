#include "../guest.h"

FILES {
  u64 at;
  expect(fd_tell(ROOT, &at), BADF);
}
