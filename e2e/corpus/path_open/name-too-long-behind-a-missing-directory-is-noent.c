#include "../guest.h"

FILES {
  static char name[300] = "t/missing/";
  for (u32 i = 10; i < sizeof name; i++) name[i] = 'n';
  u32 fd;
  expect(path_open(ROOT, 0, name, sizeof name, 0, READING, 0, 0, &fd), NOENT);
}
