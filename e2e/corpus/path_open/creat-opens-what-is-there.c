#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), CREAT, READING);
  read_text(fd, "hello");
}
