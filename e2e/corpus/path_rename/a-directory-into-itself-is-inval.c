#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("dir"), ROOT, T("dir/below")), INVAL);
}
