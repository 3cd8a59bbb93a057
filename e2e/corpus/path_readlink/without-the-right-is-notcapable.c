#include "../guest.h"

FILES {
  char target[16];
  u32 length, dir = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_READLINK);
  expect(path_readlink(dir, TEXT("link"), target, sizeof target, &length), NOTCAPABLE);
}
