#include "../guest.h"

FILES {
  u32 fd = opened(T("."), 0, SEARCHING);
  check(lists(fd, "file", REGULAR_FILE));
  check(lists(fd, "dir", DIRECTORY));
  check(lists(fd, "link", SYMBOLIC_LINK));
  check(lists(fd, "dangling", SYMBOLIC_LINK));
}
