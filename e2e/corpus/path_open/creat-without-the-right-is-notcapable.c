#include "../guest.h"

FILES {
  u32 dir, fd;
  expect(path_open(ROOT, 0, T("."), ONLY_DIRECTORY, SEARCHING & ~(u64)RIGHT_CREATE_FILE, ALL, 0, &dir), SUCCESS);
  expect(path_open(dir, 0, TEXT("new"), CREAT, WRITING, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT("file"), CREAT, READING, 0, 0, &fd), SUCCESS);
}
