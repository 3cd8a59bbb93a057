#include "../guest.h"

FILES {
  expect(fd_advise(ROOT, 0, 10, 0), BADF);
}
