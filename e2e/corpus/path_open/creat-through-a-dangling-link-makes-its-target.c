#include "../guest.h"

FILES {
  u32 fd = opened(T("dangling"), CREAT, WRITING);
  write_text(fd, "there");
  holds(T("nowhere"), "there");
}
