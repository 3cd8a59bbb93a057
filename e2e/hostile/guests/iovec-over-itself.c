#include "guest.h"

/* A read into the table of buffers that the read was told by: the table as it was when the call began is what counts. */
GUEST {
  static iovec table[3];
  static char bytes[64];
  make_file(ROOT, "tmp/self", "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377XYZ");
  want(open_at(ROOT, "tmp/self", 0, READING), SUCCESS);
  table[0].at = P(&table[1]), table[0].length = 16;
  table[1].at = P(bytes), table[1].length = 3;
  table[2].at = P(bytes + 8), table[2].length = 8;
  want(fd_read(opened, P(table), 3, P(&count)), SUCCESS);
  hold(count == 19);
  hold(table[1].at == 0xffffffffu && bytes[0] == 'X' && bytes[2] == 'Z' && bytes[3] == 0);
  want(fd_read(opened, P(&table[1]), 1, P(&count)), FAULT);
}
