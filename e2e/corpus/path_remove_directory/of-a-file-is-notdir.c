#include "../guest.h"

FILES {
  expect(path_remove_directory(ROOT, T("file")), NOTDIR);
  expect(path_remove_directory(ROOT, T("file/")), NOTDIR);
}
