#include "../guest.h"

FILES {
  filestat stat;
  expect(fd_filestat_get(ROOT, &stat), SUCCESS);
  same(stat.type, DIRECTORY);
}
