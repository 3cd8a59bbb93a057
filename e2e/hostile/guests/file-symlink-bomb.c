#include "guest.h"

/* Each link leads through the one before it twice: 2^30 steps, were the count not of all links together. */
GUEST {
  want(path_create_directory(ROOT, S("tmp/d")), SUCCESS);
  want(symlink_at("../d/..", ROOT, "tmp/d/a"), SUCCESS);
  char link[] = "tmp/d/b", target[] = "d/a/d/a";
  for (char c = 'b'; c <= 'z'; c++) {
    link[6] = c, target[2] = target[6] = (char)(c - 1);
    want(path_symlink(P(target), 7, ROOT, P(link), 7), SUCCESS);
  }
  refused(stat_at(ROOT, "tmp/d/z"));
  refused(open_at(ROOT, "tmp/d/z/x", CREAT, WRITING));
}
