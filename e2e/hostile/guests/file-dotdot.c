#include "guest.h"

/* Up and out, by every call that takes a path. */
GUEST {
  want(open_at(ROOT, "..", 0, 0), NOTCAPABLE);
  want(open_at(ROOT, "../etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "tmp/../../etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "tmp/../../../../../../../../etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "./.././etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "../escaped", CREAT, WRITING), NOTCAPABLE);
  want(stat_at(ROOT, "../.."), NOTCAPABLE);
  want(path_create_directory(ROOT, S("../escaped")), NOTCAPABLE);
  want(path_remove_directory(ROOT, S("../tmp")), NOTCAPABLE);
  want(path_unlink_file(ROOT, S("../etc/passwd")), NOTCAPABLE);
  want(symlink_at("x", ROOT, "../escaped"), NOTCAPABLE);
  make_file(ROOT, "tmp/one", "1");
  want(path_rename(ROOT, S("tmp/one"), ROOT, S("../escaped")), NOTCAPABLE);
  want(path_rename(ROOT, S("../etc/passwd"), ROOT, S("tmp/two")), NOTCAPABLE);
  want(path_link(ROOT, 0, S("tmp/one"), ROOT, S("../escaped")), NOTCAPABLE);
  want(path_link(ROOT, 0, S("../etc/passwd"), ROOT, S("tmp/two")), NOTCAPABLE);
  want(path_readlink(ROOT, S("../proc/self/exe"), P(stat_of), 64, P(&count)), NOTCAPABLE);
  want(path_filestat_set_times(ROOT, 0, S("../etc"), 0, 0, 4), NOTCAPABLE);
  /* A directory that was opened is a root, too. */
  want(open_directory(ROOT, "tmp"), SUCCESS);
  u32 tmp = opened;
  want(open_at(tmp, "../etc", 0, 0), NOTCAPABLE);
  want(open_at(tmp, "one/../..", 0, 0), NOTDIR);
}
