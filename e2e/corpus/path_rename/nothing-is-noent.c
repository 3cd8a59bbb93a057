#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("missing"), ROOT, T("new")), NOENT);
}
