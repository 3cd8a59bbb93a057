#include "guest.h"

/* Two thousand million buffers. */
GUEST {
  static iovec one = {1024, 1};
  want(fd_write(1, P(&one), 0x80000000u, P(&count)), INVAL);
  want(fd_write(1, P(&one), 0xffffffffu, P(&count)), INVAL);
  want(fd_read(0, P(&one), 0x80000000u, P(&count)), INVAL);
  want(fd_write(1, P(&one), 1025, P(&count)), INVAL);
  want(open_at(ROOT, "tmp/iovecs", CREAT, BOTH), SUCCESS);
  want(fd_pread(opened, P(&one), 0x80000000u, 0, P(&count)), INVAL);
  want(fd_pwrite(opened, P(&one), 0x80000000u, 0, P(&count)), INVAL);
}
