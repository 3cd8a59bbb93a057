#include "guest.h"

/* Every signal there is to itself; those that would end it come last. */
GUEST {
  want(proc_raise(0), SUCCESS);
  want(proc_raise(0xffffffffu), INVAL);
  want(proc_raise(31), INVAL);
  want(proc_raise(0x80000009u), INVAL);
  want(proc_raise(16), SUCCESS);
  refused(proc_raise(18));
  refused(proc_raise(19));
  proc_raise(9);
  say(2, "still there\n");
}
