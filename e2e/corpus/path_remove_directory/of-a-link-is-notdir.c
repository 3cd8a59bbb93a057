#include "../guest.h"

FILES {
  expect(path_remove_directory(ROOT, T("dirlink")), NOTDIR);
  expect(path_remove_directory(ROOT, T("dirlink/")), NOTDIR);
}
