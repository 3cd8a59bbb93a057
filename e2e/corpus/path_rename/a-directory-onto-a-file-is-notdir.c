#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("empty"), ROOT, T("file")), NOTDIR);
}
