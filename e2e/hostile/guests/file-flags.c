#include "guest.h"

/* Flags that do not exist, and those that contradict each other. */
GUEST {
  want(path_open(ROOT, 0, S("tmp"), 0xfff0, 0, 0, 0, P(&opened)), INVAL);
  want(path_open(ROOT, 0, S("tmp"), 0, 0, 0, 0xffe0, P(&opened)), INVAL);
  want(path_open(ROOT, 0xfffffffeu, S("tmp"), 0, 0, 0, 0, P(&opened)), INVAL);
  path_open(ROOT, 0, S("tmp"), 0, ~0ull, ~0ull, 0, P(&opened));
  refused(path_open(ROOT, 0, S("tmp/x"), CREAT | DIRECTORY, WRITING, 0, 0, P(&opened)));
  want(stat_at(ROOT, "tmp/x"), NOENT);
  want(path_open(ROOT, 0, S("tmp"), TRUNC, READING, 0, 0, P(&opened)), ISDIR);
  want(fd_fdstat_set_flags(1, 0xffff), INVAL);
  want(fd_advise(0, 0, 0, 99), INVAL);
}
