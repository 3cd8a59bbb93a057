#include "guest.h"

/* Numbers of descriptors moved over others. */
GUEST {
  make_file(ROOT, "tmp/a", "a");
  make_file(ROOT, "tmp/b", "b");
  want(open_at(ROOT, "tmp/a", 0, READING), SUCCESS);
  want(open_at(ROOT, "tmp/b", 0, READING), SUCCESS);
  want(fd_renumber(4, 5), SUCCESS);
  want(fd_close(4), BADF);
  char one = 0;
  iovec into = {P(&one), 1};
  want(fd_read(5, P(&into), 1, P(&count)), SUCCESS);
  hold(one == 'a');
  want(fd_renumber(5, 5), SUCCESS);
  want(fd_renumber(5, 900), BADF);
  want(fd_renumber(5, 0xffffffffu), BADF);
  want(fd_renumber(0xffffffffu, 5), BADF);
  want(fd_renumber(0x80000000u, 0x80000000u), BADF);
  refused(fd_renumber(ROOT, 5));
  want(open_at(ROOT, "tmp/b", 0, READING), SUCCESS);
  hold(opened == 4);
  /* Closed and taken again ten thousand times: always the lowest. */
  for (u32 i = 0; i < 10000; i++) {
    want(fd_close(4), SUCCESS);
    want(open_at(ROOT, "tmp/b", 0, READING), SUCCESS);
    hold(opened == 4);
    if (i % 2) want(fd_renumber(4, 5), SUCCESS), want(open_at(ROOT, "tmp/a", 0, READING), SUCCESS);
  }
}
