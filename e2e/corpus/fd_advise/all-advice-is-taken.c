#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  for (u8 advice = 0; advice <= 5; advice++) expect(fd_advise(fd, 0, 10, advice), SUCCESS);
}
