#include "../guest.h"

PLAIN {
  expect(fd_sync(99), BADF);
}
