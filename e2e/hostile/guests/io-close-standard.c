#include "guest.h"

/* Its standard streams closed, and a file put in their place. */
GUEST {
  say(1, "before\n");
  want(open_at(ROOT, "tmp/out", CREAT, BOTH), SUCCESS);
  want(fd_renumber(opened, 1), SUCCESS);
  say(1, "into the file\n");
  want(fd_filestat_get(1, P(stat_of)), SUCCESS);
  hold(*(u64 *)(stat_of + 32) == 14);
  want(fd_close(0), SUCCESS);
  want(fd_close(1), SUCCESS);
  iovec one = {P("x"), 1};
  want(fd_write(1, P(&one), 1, P(&count)), BADF);
  want(fd_read(0, P(&one), 1, P(&count)), BADF);
  want(open_at(ROOT, "etc/file", 0, READING), SUCCESS);
  hold(opened == 0);
}
