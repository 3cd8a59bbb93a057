#include "guest.h"

/* Symlinks that the guest makes, to the host's canary (first argument): made, perhaps, but never followed out. */
GUEST {
  const char *canary = argument(1);
  u32 length = length_of(canary);
  either(path_symlink(P(canary), length, ROOT, S("tmp/out")), SUCCESS, NOTCAPABLE);
  want(open_at(ROOT, "tmp/out", 0, READING), NOENT);
  want(open_at(ROOT, "tmp/out/secret", 0, READING), NOENT);
  refused(open_at(ROOT, "tmp/out/escaped", CREAT, WRITING));
  want(symlink_at("../../../../../../../..", ROOT, "tmp/up"), SUCCESS);
  refused(open_at(ROOT, "tmp/up/etc/shadow", 0, READING));
  want(symlink_at("..", ROOT, "tmp/parent"), SUCCESS);
  want(symlink_at("parent/parent/parent", ROOT, "tmp/parents"), SUCCESS);
  refused(open_at(ROOT, "tmp/parents/etc/shadow", 0, READING));
  /* The chain through a directory that was opened. */
  want(open_directory(ROOT, "tmp"), SUCCESS);
  u32 tmp = opened;
  refused(open_at(tmp, "parent/etc", 0, 0));
  refused(open_at(tmp, "up/etc", 0, 0));
}
