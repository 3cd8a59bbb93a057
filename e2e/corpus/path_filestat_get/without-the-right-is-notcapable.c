#include "../guest.h"

FILES {
  filestat stat;
  u32 dir = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_STAT);
  expect(path_filestat_get(dir, 0, TEXT("file"), &stat), NOTCAPABLE);
}
