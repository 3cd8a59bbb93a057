#include "guest.h"

/* Lengths whose sum is no 32-bit number: the same 64 MB again and again. */
static iovec table[100];
GUEST {
  u32 pages = 1024;
  hold(__builtin_wasm_memory_grow(0, pages) != (u32)-1);
  for (u32 i = 0; i < 100; i++) table[i].at = 131072, table[i].length = pages * 65536;
  want(fd_write(1, P(table), 100, P(&count)), INVAL);
  want(fd_read(0, P(table), 100, P(&count)), INVAL);
  for (u32 i = 0; i < 100; i++) table[i].length = 0xffffffffu;
  refused(fd_write(1, P(table), 100, P(&count)));
}
