#include "guest.h"

/* From the mounted folder /m to the canary beside it on the host (first argument), by every way. */
GUEST {
  const char *canary = argument(1);
  u32 length = length_of(canary);
  want(open_directory(ROOT, "m"), SUCCESS);
  u32 m = opened;
  want(open_at(m, "../canary/secret", 0, READING), NOTCAPABLE);
  want(open_at(ROOT, "m/../canary/secret", 0, READING), NOENT);
  path_symlink(S("../canary"), m, S("near"));
  path_symlink(P(canary), length, m, S("far"));
  path_symlink(S("/proc/self/cwd"), m, S("cwd"));
  refused(open_at(ROOT, "m/near/secret", 0, READING));
  refused(open_at(ROOT, "m/far/secret", 0, READING));
  refused(open_at(ROOT, "m/cwd/", 0, 0));
  refused(open_at(m, "near/secret", 0, READING));
  refused(open_at(m, "far/escaped", CREAT, WRITING));
  refused(path_create_directory(m, S("near/escaped")));
  refused(path_unlink_file(m, S("near/secret")));
  refused(path_rename(m, S("near/secret"), m, S("stolen")));
  refused(path_link(m, FOLLOW, S("near/secret"), m, S("stolen")));
  make_file(m, "own", "own");
  refused(path_rename(m, S("own"), m, S("near/escaped")));
  want(path_rename(m, S("own"), ROOT, S("tmp/own")), XDEV);
  want(path_link(m, 0, S("own"), ROOT, S("tmp/own")), XDEV);
  refused(path_rename(ROOT, S("m"), ROOT, S("tmp/m")));
  refused(path_remove_directory(ROOT, S("m")));
}
