#include "guest.h"

/* Rights only become fewer. */
GUEST {
  make_file(ROOT, "tmp/a", "a");
  want(open_at(ROOT, "tmp/a", 0, READING), SUCCESS);
  u32 fd = opened;
  iovec one = {P("x"), 1};
  refused(fd_write(fd, P(&one), 1, P(&count)));
  want(fd_fdstat_set_rights(fd, BOTH, 0), NOTCAPABLE);
  want(fd_fdstat_set_rights(fd, ~0ull, ~0ull), NOTCAPABLE);
  want(fd_fdstat_set_rights(fd, 0, 0), SUCCESS);
  want(fd_read(fd, P(&one), 1, P(&count)), NOTCAPABLE);
  want(fd_fdstat_set_rights(fd, 2, 0), NOTCAPABLE);
  want(open_directory(ROOT, "tmp"), SUCCESS);
  u32 tmp = opened;
  want(fd_fdstat_set_rights(tmp, 0x2000, 2), SUCCESS);
  want(path_open(tmp, 0, S("a"), 0, WRITING, 0, 0, P(&opened)), NOTCAPABLE);
  want(path_open(tmp, 0, S("a"), TRUNC, 2, 0, 0, P(&opened)), NOTCAPABLE);
  want(path_open(tmp, 0, S("new"), CREAT, 2, 0, 0, P(&opened)), NOTCAPABLE);
  want(path_create_directory(tmp, S("new")), NOTCAPABLE);
  want(path_unlink_file(tmp, S("a")), NOTCAPABLE);
  want(path_rename(tmp, S("a"), ROOT, S("tmp/b")), NOTCAPABLE);
  want(path_link(tmp, 0, S("a"), ROOT, S("tmp/b")), NOTCAPABLE);
  want(path_rename(ROOT, S("tmp/a"), tmp, S("b")), NOTCAPABLE);
  want(path_link(ROOT, 0, S("tmp/a"), tmp, S("b")), NOTCAPABLE);
  want(path_symlink(S("x"), tmp, S("b")), NOTCAPABLE);
  want(path_open(tmp, 0, S("a"), 0, 2, 0, 0, P(&opened)), SUCCESS);
}
