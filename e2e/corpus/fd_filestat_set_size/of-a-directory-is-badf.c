#include "../guest.h"

FILES {
  expect(fd_filestat_set_size(ROOT, 0), BADF);
}
