#include "guest.h"

/* One line of four million bytes, and it is all there. */
static char bytes[65536];
GUEST {
  for (u32 i = 0; i < sizeof bytes; i++) bytes[i] = 'l';
  for (u32 left = 4000000; left > 0;) {
    iovec whole = {P(bytes), left < sizeof bytes ? left : sizeof bytes};
    want(fd_write(1, P(&whole), 1, P(&count)), SUCCESS);
    left -= count;
  }
}
