#include "../guest.h"

FILES {
  expect(path_rename(ROOT, T("file"), ROOT, TEXT("../file")), NOTCAPABLE);
  expect(path_rename(ROOT, TEXT("../file"), ROOT, T("new")), NOTCAPABLE);
}
