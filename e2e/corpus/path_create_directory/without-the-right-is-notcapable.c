#include "../guest.h"

FILES {
  u32 dir = opened(T("."), ONLY_DIRECTORY, SEARCHING & ~(u64)RIGHT_CREATE_DIRECTORY);
  expect(path_create_directory(dir, TEXT("new")), NOTCAPABLE);
}
