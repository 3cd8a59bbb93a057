#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("dir/"), ROOT, T("moved/")), SUCCESS);
  holds(T("moved/inner"), "inner");
}
