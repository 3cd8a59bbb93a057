#include "guest.h"

/* Pointer and length whose sum is small again in 32 bits. */
GUEST {
  iovec wrapping = {0xfffffff0u, 0x20}, whole = {1, 0xffffffffu};
  want(fd_write(1, P(&wrapping), 1, P(&count)), FAULT);
  want(fd_write(1, P(&whole), 1, P(&count)), FAULT);
  want(fd_write(1, 0xfffffff8u, 2, P(&count)), FAULT);
  want(fd_write(1, P(&wrapping), 1, 0xffffffffu), FAULT);
  want(random_get(0xfffffff0u, 0x20), FAULT);
  want(path_filestat_get(ROOT, 0, 0xffffff00u, 0x200, P(stat_of)), FAULT);
  want(path_filestat_get(ROOT, 0, S("."), 0xffffffd0u), FAULT);
  want(fd_readdir(ROOT, 0xfffffff0u, 0x40, 0, P(&count)), FAULT);
  want(fd_fdstat_get(1, 0xfffffff8u), FAULT);
  want(clock_time_get(0, 0, 0xfffffffcu), FAULT);
  want(poll_oneoff(0xffffffe0u, P(argument_bytes), 1, P(&count)), FAULT);
  want(fd_prestat_dir_name(ROOT, 0xffffffffu, 0xffffffffu), FAULT);
}
