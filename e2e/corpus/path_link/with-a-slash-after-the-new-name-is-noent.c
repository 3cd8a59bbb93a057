#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("file"), ROOT, T("second/")), NOENT);
}
