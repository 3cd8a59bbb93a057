#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), EXCL, READING);
  read_text(fd, "hello");
}
