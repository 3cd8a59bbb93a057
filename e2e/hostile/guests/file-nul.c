#include "guest.h"

/* A NUL inside a path. */
GUEST {
  want(open_at(ROOT, "etc/passwd\0.txt", 0, READING), INVAL);
  want(open_at(ROOT, "tmp/x\0", CREAT, WRITING), INVAL);
  want(open_at(ROOT, "\0", 0, 0), INVAL);
  want(stat_at(ROOT, "\0"), INVAL);
  want(path_create_directory(ROOT, S("tmp/\0x")), INVAL);
  want(path_unlink_file(ROOT, S("tmp\0/x")), INVAL);
  want(symlink_at("a\0b", ROOT, "tmp/l"), INVAL);
  want(symlink_at("a", ROOT, "tmp/l\0"), INVAL);
  want(path_rename(ROOT, S("tmp"), ROOT, S("tm\0p")), INVAL);
  want(path_link(ROOT, 0, S("t\0"), ROOT, S("tmp/x")), INVAL);
  want(path_readlink(ROOT, S("t\0"), P(stat_of), 9, P(&count)), INVAL);
}
