#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("file/")), NOTDIR);
  expect(path_unlink_file(ROOT, T("link/")), NOTDIR);
}
