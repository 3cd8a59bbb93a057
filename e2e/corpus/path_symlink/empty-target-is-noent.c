#include "../guest.h"

FILES {
  expect(path_symlink(TEXT(""), ROOT, T("new")), NOENT);
}
