#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T("file/new")), NOTDIR);
}
