#include "../guest.h"

FILES {
  u32 dir = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_SYMLINK);
  expect(path_symlink(TEXT("x"), dir, TEXT("new")), NOTCAPABLE);
}
