#include "guest.h"

/* A hole as large as the host allows: no block of the disk is written for it, and reading its end is quick. */
GUEST {
  want(open_at(ROOT, "tmp/sparse", CREAT, BOTH | 0x100ull), SUCCESS);
  u32 fd = opened;
  char byte = 'x';
  iovec one = {P(&byte), 1};
  u64 size = 1ull << 62;
  while (size > 4096 && fd_filestat_set_size(fd, size) != SUCCESS) size >>= 1;
  hold(size >= 1ull << 30);
  want(fd_pread(fd, P(&one), 1, size - 1, P(&count)), SUCCESS);
  hold(count == 1 && byte == 0);
  want(fd_filestat_set_size(fd, 0), SUCCESS);
  want(fd_filestat_set_size(fd, size), SUCCESS);
}
