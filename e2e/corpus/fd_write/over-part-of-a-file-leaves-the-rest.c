#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  write_text(fd, "HE");
  holds(T("file"), "HEllo");
}
