#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T("new/")), SUCCESS);
  expect(path_create_directory(ROOT, T("new/")), EXIST);
}
