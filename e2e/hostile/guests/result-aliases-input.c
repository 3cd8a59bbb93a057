#include "guest.h"

/* The result goes where the input was. */
GUEST {
  static union { iovec one; u32 words[2]; char text[64]; } both;
  both.one.at = P("alias\n"), both.one.length = 6;
  want(fd_write(1, P(&both), 1, P(&both)), SUCCESS);
  hold(both.words[0] == 6);
  __builtin_memcpy(both.text, "tmp", 3);
  want(path_open(ROOT, 0, P(&both), 3, DIRECTORY, 0, 0, 0, P(&both)), SUCCESS);
  hold(both.words[0] == 4);
  __builtin_memcpy(both.text, "tmp", 3);
  want(path_filestat_get(ROOT, 0, P(&both), 3, P(&both)), SUCCESS);
  hold(both.text[16] == 3);
  want(args_get(P(argument_bytes), P(argument_bytes)), SUCCESS);
  want(args_sizes_get(P(&count), P(&count)), SUCCESS);
}
