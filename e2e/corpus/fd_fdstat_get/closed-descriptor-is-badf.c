#include "../guest.h"

PLAIN {
  fdstat stat;
  expect(fd_fdstat_get(99, &stat), BADF);
}
