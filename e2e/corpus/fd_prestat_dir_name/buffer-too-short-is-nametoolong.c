#include "../guest.h"

PLAIN {
  u8 name;
  expect(fd_prestat_dir_name(ROOT, &name, 0), NAMETOOLONG);
}
