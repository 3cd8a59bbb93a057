#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("file"), ROOT, T("second")), SUCCESS);
  expect(path_rename(ROOT, T("file"), ROOT, T("second")), SUCCESS);
  holds(T("file"), "hello");
  holds(T("second"), "hello");
}
