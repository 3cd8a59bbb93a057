#include "guest.h"

/* Files that have no name any more, kept open, written and linked again. */
GUEST {
  for (u32 i = 0; i < 200; i++) {
    want(open_at(ROOT, "tmp/gone", CREAT | EXCL, BOTH), SUCCESS);
    u32 fd = opened;
    iovec one = {P("x"), 1};
    want(path_unlink_file(ROOT, S("tmp/gone")), SUCCESS);
    want(fd_pwrite(fd, P(&one), 1, 1 << 20, P(&count)), SUCCESS);
    want(stat_at(ROOT, "tmp/gone"), NOENT);
    if (i % 2) want(fd_close(fd), SUCCESS);
  }
}
