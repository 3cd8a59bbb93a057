#include "guest.h"

/* A slash at the end asks for a directory, whatever stands there. */
GUEST {
  make_file(ROOT, "tmp/file", "content");
  want(symlink_at("file", ROOT, "tmp/link"), SUCCESS);
  want(symlink_at("../etc/", ROOT, "tmp/dir"), SUCCESS);
  want(symlink_at("nothing/", ROOT, "tmp/dangling"), SUCCESS);
  want(open_at(ROOT, "tmp/file/", 0, READING), NOTDIR);
  want(open_at(ROOT, "tmp/file/.", 0, READING), NOTDIR);
  want(open_at(ROOT, "tmp/link/", 0, READING), NOTDIR);
  refused(open_at(ROOT, "tmp/new/", CREAT, WRITING));
  refused(open_at(ROOT, "tmp/dangling", CREAT, WRITING));
  refused(open_at(ROOT, "tmp/dangling/", CREAT, WRITING));
  want(stat_at(ROOT, "tmp/nothing"), NOENT);
  want(path_unlink_file(ROOT, S("tmp/file/")), NOTDIR);
  refused(path_unlink_file(ROOT, S("tmp/link/")));
  refused(path_rename(ROOT, S("tmp/file/"), ROOT, S("tmp/moved")));
  refused(path_rename(ROOT, S("tmp/file"), ROOT, S("tmp/moved/")));
  refused(path_link(ROOT, 0, S("tmp/file"), ROOT, S("tmp/linked/")));
  refused(path_link(ROOT, 0, S("tmp/file/"), ROOT, S("tmp/linked")));
  refused(symlink_at("x", ROOT, "tmp/made/"));
  want(path_create_directory(ROOT, S("tmp/made/")), SUCCESS);
  want(path_remove_directory(ROOT, S("tmp/made/")), SUCCESS);
  want(path_readlink(ROOT, S("tmp/link/"), P(stat_of), 10, P(&count)), NOTDIR);
}
