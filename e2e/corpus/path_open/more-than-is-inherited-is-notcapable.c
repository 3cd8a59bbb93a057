#include "../guest.h"

FILES {
  u32 dir, fd;
  expect(path_open(ROOT, 0, T("."), ONLY_DIRECTORY, SEARCHING, READING, 0, &dir), SUCCESS);
  expect(path_open(dir, 0, TEXT("file"), 0, RIGHT_WRITE, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT("file"), 0, RIGHT_READ, RIGHT_WRITE, 0, &fd), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT("file"), 0, RIGHT_READ, 0, 0, &fd), SUCCESS);
}
