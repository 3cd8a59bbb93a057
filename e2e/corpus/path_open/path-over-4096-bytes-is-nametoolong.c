#include "../guest.h"

FILES {
  static char path[4098];
  for (u32 i = 0; i < sizeof path; i++) path[i] = i % 2 == 0 ? '.' : '/';
  u32 fd;
  expect(path_open(ROOT, 0, path, sizeof path, 0, SEARCHING, 0, 0, &fd), NAMETOOLONG);
}
