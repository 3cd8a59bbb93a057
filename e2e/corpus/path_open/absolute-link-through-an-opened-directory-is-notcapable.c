#include "../guest.h"

FILES {
  u32 fd, dir = opened(T("dir"), ONLY_DIRECTORY, SEARCHING);
  expect(path_symlink(TEXT("/t/file"), dir, TEXT("out")), SUCCESS);
  expect(path_open(dir, FOLLOW, TEXT("out"), 0, READING, 0, 0, &fd), NOTCAPABLE);
}
