#include "guest.h"

/* Directories moved into themselves, over each other, out from under a descriptor. */
GUEST {
  want(path_create_directory(ROOT, S("tmp/a")), SUCCESS);
  want(path_create_directory(ROOT, S("tmp/a/b")), SUCCESS);
  want(path_rename(ROOT, S("tmp/a"), ROOT, S("tmp/a/b/c")), INVAL);
  want(path_rename(ROOT, S("tmp/a"), ROOT, S("tmp/a/b")), INVAL);
  refused(path_rename(ROOT, S("tmp/a/b"), ROOT, S("tmp/a")));
  refused(path_rename(ROOT, S("."), ROOT, S("tmp/root")));
  refused(path_rename(ROOT, S("tmp/a"), ROOT, S(".")));
  want(open_directory(ROOT, "tmp/a/b"), SUCCESS);
  u32 b = opened;
  want(path_rename(ROOT, S("tmp/a"), ROOT, S("tmp/moved")), SUCCESS);
  make_file(b, "in", "x");
  want(stat_at(ROOT, "tmp/moved/b/in"), SUCCESS);
  want(path_unlink_file(b, S("in")), SUCCESS);
  want(path_remove_directory(ROOT, S("tmp/moved/b")), SUCCESS);
  refused(path_open(b, 0, S("in"), CREAT, WRITING, 0, 0, P(&opened)));
  refused(path_create_directory(b, S("in")));
  want(open_at(b, "../..", 0, 0), NOTCAPABLE);
}
