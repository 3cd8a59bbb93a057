#include "../guest.h"

FILES {
  u32 fd = opened(T("dir"), 0, SEARCHING);
  check(lists(fd, ".", DIRECTORY));
  check(lists(fd, "..", DIRECTORY));
}
