#include "../guest.h"

FILES {
  u32 count, fd = opened(T("new"), CREAT, ALL);
  buffer both[] = {{"on", 2}, {NULL, 0}, {"etwo", 4}};
  expect(fd_write(fd, both, 3, &count), SUCCESS);
  same(count, 6);
  holds(T("new"), "onetwo");
}
