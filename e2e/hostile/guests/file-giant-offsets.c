#include "guest.h"

/* Offsets and sizes at the ends of 64 bits. */
GUEST {
  want(open_at(ROOT, "tmp/giant", CREAT, BOTH | 0x100ull), SUCCESS);
  u32 fd = opened;
  char byte = 'x';
  iovec one = {P(&byte), 1};
  u64 place;
  either(fd_pread(fd, P(&one), 1, 0x7fffffffffffffffull, P(&count)), SUCCESS, INVAL);
  want(fd_pread(fd, P(&one), 1, ~0ull, P(&count)), INVAL);
  want(fd_pwrite(fd, P(&one), 1, ~0ull, P(&count)), INVAL);
  either(fd_pwrite(fd, P(&one), 1, 0x7fffffffffffffffull, P(&count)), FBIG, INVAL);
  either(fd_pwrite(fd, P(&one), 1, 0x7ffffffffffffffeull, P(&count)), FBIG, INVAL);
  want(fd_seek(fd, ~0ull, 0, P(&place)), INVAL);
  want(fd_seek(fd, 0x8000000000000000ull, 1, P(&place)), INVAL);
  want(fd_seek(fd, ~0ull, 2, P(&place)), INVAL);
  want(fd_seek(fd, 0, 3, P(&place)), INVAL);
  want(fd_seek(fd, 0, 0xffffffffu, P(&place)), INVAL);
  u32 got = fd_seek(fd, 0x7fffffffffffffffull, 0, P(&place));
  hold(got == SUCCESS || got == INVAL);
  if (got == SUCCESS) {
    either(fd_seek(fd, 1, 1, P(&place)), OVERFLOW, INVAL);
    refused(fd_write(fd, P(&one), 1, P(&count)));
  }
  want(fd_filestat_set_size(fd, ~0ull), INVAL);
  either(fd_filestat_set_size(fd, 0x7fffffffffffffffull), FBIG, INVAL);
  refused(fd_allocate(fd, 0x7fffffffffffffffull, 1));
  refused(fd_allocate(fd, 0, 0x7fffffffffffffffull));
  refused(fd_allocate(fd, ~0ull, ~0ull));
  refused(fd_allocate(fd, 0, 0));
  refused(fd_advise(fd, ~0ull, 0, 0));
  want(fd_filestat_get(fd, P(stat_of)), SUCCESS);
  hold(*(u64 *)(stat_of + 32) == 0);
}
