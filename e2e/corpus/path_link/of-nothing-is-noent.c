#include "../guest.h"

FILES {
  expect(path_link(ROOT, 0, T("missing"), ROOT, T("second")), NOENT);
}
