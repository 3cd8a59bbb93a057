#include "guest.h"

/* Buffers over each other: the last that was filled wins, the sum is told. */
GUEST {
  static char bytes[16];
  make_file(ROOT, "tmp/overlap", "abcdefgh");
  want(open_at(ROOT, "tmp/overlap", 0, READING), SUCCESS);
  iovec over[2] = {{P(bytes), 4}, {P(bytes + 2), 4}};
  want(fd_read(opened, P(over), 2, P(&count)), SUCCESS);
  hold(count == 8);
  hold(bytes[0] == 'a' && bytes[1] == 'b' && bytes[2] == 'e' && bytes[5] == 'h' && bytes[6] == 0);
  want(fd_pread(opened, P(over), 2, 0, P(&count)), SUCCESS);
  hold(count == 8);
}
