#include "guest.h"

/* Without its root a guest has nothing. */
GUEST {
  want(fd_close(ROOT), SUCCESS);
  want(fd_close(ROOT), BADF);
  want(open_at(ROOT, "etc/passwd", 0, READING), BADF);
  want(fd_prestat_get(ROOT, P(stat_of)), BADF);
  for (u32 fd = 3; fd < 2000; fd++) want(open_at(fd, ".", 0, 0), BADF);
  want(fd_close(0), SUCCESS);
  want(fd_close(2), SUCCESS);
  say(1, "still there\n");
}
