#include "guest.h"

/* Address 0 is an address like another, and length 0 anywhere is nothing. */
GUEST {
  want(clock_time_get(0, 0, 0), SUCCESS);
  iovec none = {0xffffffffu, 0};
  want(fd_write(1, P(&none), 1, P(&count)), SUCCESS);
  hold(count == 0);
  want(fd_write(1, 0, 0, P(&count)), SUCCESS);
  hold(count == 0);
  want(path_filestat_get(ROOT, 0, 0, 0, P(stat_of)), NOENT);
  either(random_get(MEMORY_END, 0), SUCCESS, FAULT);
}
