#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("missing"), ONLY_DIRECTORY, READING, 0, 0, &fd), NOENT);
}
