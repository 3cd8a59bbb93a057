#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("file"), ROOT, T("dir/second")), SUCCESS);
  u32 fd = opened(T("dir/second"), 0, WRITING);
  write_text(fd, "HE");
  holds(T("file"), "HEllo");
}
