#include "../guest.h"

FILES {
  expect(path_symlink(TEXT("x"), ROOT, T("file")), EXIST);
  expect(path_symlink(TEXT("x"), ROOT, T("dir/")), EXIST);
  expect(path_symlink(TEXT("x"), ROOT, T("dangling")), EXIST);
}
