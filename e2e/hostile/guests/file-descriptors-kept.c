#include "guest.h"

/* Opens all it may, in the image, the writable layer and the mount /m, and ends without closing one. */
GUEST {
  make_file(ROOT, "tmp/one", "1");
  make_file(ROOT, "m/one", "1");
  u32 got = SUCCESS;
  while (got == SUCCESS) {
    got = open_at(ROOT, "tmp/one", 0, BOTH);
    if (got == SUCCESS) got = open_at(ROOT, "m/one", 0, BOTH);
    if (got == SUCCESS) got = open_at(ROOT, "g/ticker.wasm", 0, READING);
    if (got == SUCCESS) got = open_directory(ROOT, "m");
    if (got == SUCCESS) got = open_at(ROOT, "dev/zero", 0, READING);
  }
  hold(got == NFILE);
}
