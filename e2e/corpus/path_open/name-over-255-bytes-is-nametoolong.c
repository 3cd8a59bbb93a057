#include "../guest.h"

FILES {
  static char name[258] = "t/";
  for (u32 i = 2; i < sizeof name; i++) name[i] = 'n';
  u32 fd;
  expect(path_open(ROOT, 0, name, sizeof name, CREAT, WRITING, 0, 0, &fd), NAMETOOLONG);
  expect(path_open(ROOT, 0, name, sizeof name - 1, CREAT, WRITING, 0, 0, &fd), SUCCESS);
}
