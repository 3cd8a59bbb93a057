#include "../guest.h"

FILES {
  u32 dir = opened(T("."), ONLY_DIRECTORY, SEARCHING & ~(u64)RIGHT_REMOVE_DIRECTORY);
  expect(path_remove_directory(dir, TEXT("empty")), NOTCAPABLE);
}
