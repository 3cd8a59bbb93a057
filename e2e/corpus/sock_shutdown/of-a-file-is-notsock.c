#include "../guest.h"

FILES {
  expect(sock_shutdown(opened(T("file"), 0, ALL), 1), NOTSOCK);
}
