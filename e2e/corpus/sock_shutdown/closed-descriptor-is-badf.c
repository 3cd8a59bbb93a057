#include "../guest.h"

PLAIN {
  expect(sock_shutdown(99, 1), BADF);
}
