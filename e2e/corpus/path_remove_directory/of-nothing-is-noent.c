#include "../guest.h"

FILES {
  expect(path_remove_directory(ROOT, T("missing")), NOENT);
}
