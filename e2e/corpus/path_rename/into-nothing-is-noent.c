#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("file"), ROOT, T("missing/new")), NOENT);
}
