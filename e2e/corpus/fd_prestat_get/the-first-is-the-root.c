#include "../guest.h"

PLAIN {
  u32 prestat[2] = {9, 9};
  expect(fd_prestat_get(ROOT, prestat), SUCCESS);
  same(prestat[0] & 255, 0);
  same(prestat[1], 1);
  u8 name;
  expect(fd_prestat_dir_name(ROOT, &name, 1), SUCCESS);
  same(name, '/');
}
