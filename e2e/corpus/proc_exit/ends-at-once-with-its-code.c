#include "../guest.h"

PLAIN {
  proc_exit(0);
  print("went on\n");
  __builtin_trap();
}
