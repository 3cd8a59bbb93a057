#include "../guest.h"

FILES {
  u32 dir = opened(T("."), ONLY_DIRECTORY, SEARCHING & ~(u64)RIGHT_UNLINK);
  expect(path_unlink_file(dir, TEXT("file")), NOTCAPABLE);
}
