#include "guest.h"

/* Lengths of paths that nobody means. */
GUEST {
  want(path_filestat_get(ROOT, 0, P("x"), 0xffffffffu, P(stat_of)), NAMETOOLONG);
  want(path_open(ROOT, 0, P("x"), 0x80000000u, 0, 0, 0, 0, P(&opened)), NAMETOOLONG);
  want(path_symlink(P("x"), 0xffffffffu, ROOT, S("tmp/x")), NAMETOOLONG);
  want(path_rename(ROOT, P("x"), 5000, ROOT, S("tmp/x")), NAMETOOLONG);
  want(path_unlink_file(ROOT, P("x"), 0), NOENT);
}
