#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("file"), ROOT, T("second")), SUCCESS);
  expect(path_unlink_file(ROOT, T("file")), SUCCESS);
  holds(T("second"), "hello");
}
