#include "guest.h"

/* Odd addresses are addresses. */
GUEST {
  u8 *odd = (u8 *)(P(argument_bytes) | 1);
  want(clock_time_get(1, 0, P(odd)), SUCCESS);
  want(fd_fdstat_get(1, P(odd + 33)), SUCCESS);
  want(fd_filestat_get(ROOT, P(odd + 101)), SUCCESS);
  hold(odd[101 + 16] == 3);
  __builtin_memcpy(odd + 200, "odd\n", 4);
  iovec one = {P(odd + 200), 4};
  u8 *table = odd + 300;
  for (u32 i = 0; i < sizeof one; i++) table[i] = ((u8 *)&one)[i];
  want(fd_write(1, P(table), 1, P(odd + 401)), SUCCESS);
  hold(odd[401] == 4);
}
