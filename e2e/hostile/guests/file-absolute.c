#include "guest.h"

/* Absolute paths. */
GUEST {
  want(open_at(ROOT, "/etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "//etc/passwd", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "/", 0, 0), NOTCAPABLE);
  want(open_at(ROOT, "/escaped", CREAT, WRITING), NOTCAPABLE);
  want(stat_at(ROOT, "/"), NOTCAPABLE);
  want(path_create_directory(ROOT, S("/tmp/escaped")), NOTCAPABLE);
  want(path_unlink_file(ROOT, S("/etc/passwd")), NOTCAPABLE);
  want(path_rename(ROOT, S("tmp"), ROOT, S("/escaped")), NOTCAPABLE);
  want(path_link(ROOT, 0, S("/etc/passwd"), ROOT, S("tmp/x")), NOTCAPABLE);
  want(symlink_at("x", ROOT, "/tmp/escaped"), NOTCAPABLE);
}
