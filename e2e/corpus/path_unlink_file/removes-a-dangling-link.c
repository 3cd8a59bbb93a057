#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("dangling")), SUCCESS);
  expect(path_unlink_file(ROOT, T("loop")), SUCCESS);
}
