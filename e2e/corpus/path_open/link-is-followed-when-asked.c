#include "../guest.h"

FILES {
  u32 fd = opened(T("link"), 0, READING);
  read_text(fd, "hello");
}
