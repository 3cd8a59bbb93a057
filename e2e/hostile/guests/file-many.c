#include "guest.h"

/* Two thousand files and directories, left behind. */
GUEST {
  char path[] = "tmp/f0000";
  for (u32 i = 0; i < 2000; i++) {
    path[5] = (char)('0' + i / 1000), path[6] = (char)('0' + i / 100 % 10), path[7] = (char)('0' + i / 10 % 10), path[8] = (char)('0' + i % 10);
    if (i % 2) want(path_create_directory(ROOT, P(path), 9), SUCCESS);
    else {
      want(path_open(ROOT, 0, P(path), 9, CREAT | EXCL, WRITING, 0, 0, P(&opened)), SUCCESS);
      want(fd_close(opened), SUCCESS);
    }
  }
}
