#include "guest.h"

/* Writes to files of the image, and to its directories: only this container sees it. */
GUEST {
  want(open_at(ROOT, "etc/file", TRUNC, WRITING), SUCCESS);
  say(opened, "mine");
  want(path_rename(ROOT, S("etc/file"), ROOT, S("etc/renamed")), SUCCESS);
  want(path_link(ROOT, 0, S("etc/renamed"), ROOT, S("etc/linked")), SUCCESS);
  want(path_unlink_file(ROOT, S("g/ticker.wasm")), SUCCESS);
  want(path_create_directory(ROOT, S("g/ticker.wasm")), SUCCESS);
  u32 got = path_rename(ROOT, S("g"), ROOT, S("h"));
  hold(got == SUCCESS || got == XDEV);
  if (got == SUCCESS) want(stat_at(ROOT, "h/ticker.wasm"), SUCCESS);
  else want(stat_at(ROOT, "g/ticker.wasm"), SUCCESS);
}
