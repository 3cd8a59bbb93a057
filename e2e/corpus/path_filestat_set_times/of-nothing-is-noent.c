#include "../guest.h"

FILES {
  expect(path_filestat_set_times(ROOT, 0, T("missing"), 0, 1, MTIM), NOENT);
}
