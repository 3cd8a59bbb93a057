#include "guest.h"

/* Directories in directories until their path is ten times as long as the host's longest: whoever removes the container must come down there. */
static char name[200];
GUEST {
  for (u32 i = 0; i < sizeof name; i++) name[i] = 'd';
  want(open_directory(ROOT, "tmp"), SUCCESS);
  u32 fd = opened, depth = 0;
  for (; depth < 200; depth++) {
    if (path_create_directory(fd, P(name), sizeof name) != SUCCESS) break;
    if (path_open(fd, 0, P(name), sizeof name, DIRECTORY, WALKING, EVERYTHING, 0, P(&opened)) != SUCCESS) break;
    want(fd_close(fd), SUCCESS);
    fd = opened;
    if (path_open(fd, 0, S("leaf"), CREAT, WRITING, 0, 0, P(&opened)) == SUCCESS) fd_close(opened);
  }
  hold(depth >= 15);
  say(1, "depth "), say_number(1, depth), say(1, "\n");
}
