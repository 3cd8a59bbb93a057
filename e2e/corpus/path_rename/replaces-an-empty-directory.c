#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("dir"), ROOT, T("empty")), SUCCESS);
  holds(T("empty/inner"), "inner");
}
