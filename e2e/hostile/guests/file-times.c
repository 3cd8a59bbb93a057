#include "guest.h"

/* Times before and after all time. */
GUEST {
  make_file(ROOT, "tmp/a", "a");
  static const u64 times[] = {0, 1, 0x7fffffffffffffffull, 0x8000000000000000ull, 0xffffffffffffffffull, 0xfffffffffffffffeull};
  for (u32 i = 0; i < 6; i++) {
    u32 got = path_filestat_set_times(ROOT, 0, S("tmp/a"), times[i], times[i], 5);
    hold(got == SUCCESS || got == INVAL || got == OVERFLOW);
    want(stat_at(ROOT, "tmp/a"), SUCCESS);
  }
  want(path_filestat_set_times(ROOT, 0, S("tmp/a"), 0, 0, 3), INVAL);
  want(path_filestat_set_times(ROOT, 0, S("tmp/a"), 0, 0, 12), INVAL);
  want(path_filestat_set_times(ROOT, 0, S("tmp/a"), 0, 0, 0xffffu), INVAL);
  want(path_filestat_set_times(ROOT, 0xffffffffu, S("tmp/a"), 0, 0, 0), INVAL);
}
