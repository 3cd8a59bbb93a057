#include "../guest.h"

FILES {
  u32 source = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_LINK_SOURCE);
  u32 target = opened(T("."), 0, SEARCHING & ~(u64)RIGHT_LINK_TARGET);
  expect(path_link(source, 0, TEXT("file"), ROOT, T("new")), NOTCAPABLE);
  expect(path_link(ROOT, 0, T("file"), target, TEXT("new")), NOTCAPABLE);
}
