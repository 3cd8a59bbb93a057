#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), TRUNC, ALL);
  same(size_of(fd), 0);
}
