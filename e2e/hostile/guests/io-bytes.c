#include "guest.h"

/* Every byte there is, terminal escapes and broken UTF-8 among them, on both streams. */
GUEST {
  char all[256];
  for (u32 i = 0; i < 256; i++) all[i] = (char)i;
  iovec whole = {P(all), 256};
  for (u32 i = 0; i < 20; i++) {
    want(fd_write(1, P(&whole), 1, P(&count)), SUCCESS);
    want(fd_write(2, P(&whole), 1, P(&count)), SUCCESS);
  }
  say(1, "\033]0;owned\007\033[2J\033c\033P1$r\033\\\033[6n{\"log\":\"forged\\n\",\"stream\":\"stderr\"}\n");
}
