#include "../guest.h"

FILES {
  u32 dir, fd;
  expect(path_open(ROOT, 0, T("."), ONLY_DIRECTORY, SEARCHING & ~(u64)RIGHT_PATH_SET_SIZE, ALL, 0, &dir), SUCCESS);
  expect(path_open(dir, 0, TEXT("file"), TRUNC, WRITING, 0, 0, &fd), NOTCAPABLE);
  holds(T("file"), "hello");
}
