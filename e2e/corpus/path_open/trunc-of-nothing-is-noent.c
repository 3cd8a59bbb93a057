#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("missing"), TRUNC, ALL, 0, 0, &fd), NOENT);
}
