#include "../guest.h"

FILES {
  u32 source = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_RENAME_SOURCE);
  u32 target = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_RENAME_TARGET);
  expect(path_rename(source, TEXT("file"), ROOT, T("new")), NOTCAPABLE);
  expect(path_rename(ROOT, T("file"), target, TEXT("new")), NOTCAPABLE);
}
