#include "guest.h"

/* Chains of links: 40 may be followed. */
GUEST {
  char name[] = "tmp/l00", target[] = "l00";
  make_file(ROOT, "tmp/end", "end");
  want(symlink_at("end", ROOT, "tmp/l00"), SUCCESS);
  for (u32 i = 1; i < 60; i++) {
    name[5] = (char)('0' + i / 10), name[6] = (char)('0' + i % 10);
    target[1] = (char)('0' + (i - 1) / 10), target[2] = (char)('0' + (i - 1) % 10);
    want(path_symlink(P(target), 3, ROOT, P(name), 7), SUCCESS);
  }
  want(open_at(ROOT, "tmp/l39", 0, READING), SUCCESS);
  want(open_at(ROOT, "tmp/l40", 0, READING), LOOP);
  want(open_at(ROOT, "tmp/l59", 0, READING), LOOP);
  want(symlink_at("itself", ROOT, "tmp/itself"), SUCCESS);
  want(stat_at(ROOT, "tmp/itself"), LOOP);
  want(open_at(ROOT, "tmp/itself", CREAT, WRITING), LOOP);
  want(symlink_at("doubled/doubled", ROOT, "tmp/doubled"), SUCCESS);
  want(stat_at(ROOT, "tmp/doubled"), LOOP);
  want(symlink_at("l39/", ROOT, "tmp/slash"), SUCCESS);
  either(stat_at(ROOT, "tmp/slash"), NOTDIR, LOOP);
}
