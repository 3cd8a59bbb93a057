#include "guest.h"

/* What can be done with a stream that is not meant for it. */
GUEST {
  iovec one = {P(stat_of), 1};
  u64 place;
  refused(fd_read(1, P(&one), 1, P(&count)));
  refused(fd_write(0, P(&one), 1, P(&count)));
  refused(fd_seek(1, 0, 0, P(&place)));
  refused(fd_pread(0, P(&one), 1, 0, P(&count)));
  refused(fd_pwrite(1, P(&one), 1, 0, P(&count)));
  refused(fd_filestat_set_size(1, 0));
  refused(fd_allocate(1, 0, 1));
  refused(path_open(1, 0, S("x"), CREAT, WRITING, 0, 0, P(&opened)));
  refused(fd_write(ROOT, P(&one), 1, P(&count)));
  refused(fd_read(ROOT, P(&one), 1, P(&count)));
  refused(fd_prestat_get(1, P(stat_of)));
}
