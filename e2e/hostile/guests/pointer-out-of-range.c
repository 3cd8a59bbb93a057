#include "guest.h"

/* Every call that takes a pointer, with one that lies at, over or behind the memory's end. */
GUEST {
  u32 end = MEMORY_END;
  iovec good = {P(stat_of), 4}, bad = {end - 2, 4};
  want(args_sizes_get(end, P(&count)), FAULT);
  want(args_sizes_get(P(&count), end - 3), FAULT);
  want(args_get(end - 2, P(argument_bytes)), FAULT);
  want(args_get(P(argument_pointers), end - 1), FAULT);
  want(clock_res_get(0, end - 7), FAULT);
  want(clock_time_get(0, 0, end - 7), FAULT);
  want(fd_fdstat_get(0, end - 23), FAULT);
  want(fd_filestat_get(0, end - 63), FAULT);
  want(fd_prestat_get(ROOT, end - 7), FAULT);
  want(fd_prestat_dir_name(ROOT, end, 1), FAULT);
  want(fd_read(0, P(&bad), 1, P(&count)), FAULT);
  want(fd_read(0, P(&good), 1, end - 3), FAULT);
  want(fd_write(1, P(&bad), 1, P(&count)), FAULT);
  want(fd_write(1, end - 7, 1, P(&count)), FAULT);
  want(fd_write(1, P(&good), 1, end - 3), FAULT);
  want(fd_readdir(ROOT, end - 10, 11, 0, P(&count)), FAULT);
  want(fd_readdir(ROOT, P(argument_bytes), 100, 0, end - 3), FAULT);
  want(path_filestat_get(ROOT, 0, end - 1, 2, P(stat_of)), FAULT);
  want(path_filestat_get(ROOT, 0, S("."), end - 63), FAULT);
  want(path_open(ROOT, 0, S("."), 0, 0, 0, 0, end - 3), FAULT);
  want(path_readlink(ROOT, S("x"), end - 1, 2, P(&count)), FAULT);
  want(path_symlink(end - 1, 2, ROOT, S("x")), FAULT);
  want(poll_oneoff(end - 47, P(argument_bytes), 1, P(&count)), FAULT);
  want(poll_oneoff(P(argument_bytes), end - 31, 1, P(&count)), FAULT);
  want(random_get(end - 1, 2), FAULT);
  /* What was refused has written nothing and opened nothing. */
  want(open_at(ROOT, ".", 0, 0), SUCCESS);
  hold(opened == 4);
}
