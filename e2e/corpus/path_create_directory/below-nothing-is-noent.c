#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T("missing/new")), NOENT);
}
