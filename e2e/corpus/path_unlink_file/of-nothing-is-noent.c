#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("missing")), NOENT);
  expect(path_unlink_file(ROOT, T("missing/")), NOENT);
}
