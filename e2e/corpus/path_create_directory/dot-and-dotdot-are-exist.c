#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T(".")), EXIST);
  expect(path_create_directory(ROOT, T("dir/..")), EXIST);
}
