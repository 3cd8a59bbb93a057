#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, T("dir")), EXIST);
  expect(path_create_directory(ROOT, T("file")), EXIST);
  expect(path_create_directory(ROOT, T("dangling")), EXIST);
  expect(path_create_directory(ROOT, T("loop/")), EXIST);
}
