#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("dir"), ROOT, T("second")), PERM);
}
