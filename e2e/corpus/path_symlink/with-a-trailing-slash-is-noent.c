#include "../guest.h"

FILES {
  expect(path_symlink(TEXT("x"), ROOT, T("new/")), NOENT);
}
