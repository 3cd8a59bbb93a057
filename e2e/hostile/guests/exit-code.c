#include "guest.h"

/* Ends with its first argument. */
GUEST {
  u32 code = 0;
  for (const char *digit = argument(1); *digit >= '0' && *digit <= '9'; digit++) code = code * 10 + (u32)(*digit - '0');
  proc_exit(code);
}
