#include "../guest.h"

FILES {
  u32 dir = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_PATH_SET_TIMES);
  expect(path_filestat_set_times(dir, 0, TEXT("file"), 0, 1, MTIM), NOTCAPABLE);
}
