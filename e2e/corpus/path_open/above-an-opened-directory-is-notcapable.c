#include "../guest.h"

FILES {
  u32 dir = opened(T("dir"), ONLY_DIRECTORY, SEARCHING), fd;
  expect(path_open(dir, 0, TEXT("../file"), 0, READING, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT(".."), 0, READING, 0, 0, &fd), NOTCAPABLE);
}
