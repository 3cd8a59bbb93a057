#include "../guest.h"

FILES {
  filestat stat;
  expect(path_link(ROOT, FOLLOW, T("link"), ROOT, T("second")), SUCCESS);
  expect(path_filestat_get(ROOT, 0, T("second"), &stat), SUCCESS);
  same(stat.type, REGULAR_FILE);
}
