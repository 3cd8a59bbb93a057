#include "guest.h"

/* Bytes without end and without a line. */
static char bytes[65536];
GUEST {
  for (u32 i = 0; i < sizeof bytes; i++) bytes[i] = 'f';
  iovec whole = {P(bytes), sizeof bytes};
  for (;;) fd_write(1, P(&whole), 1, P(&count));
}
