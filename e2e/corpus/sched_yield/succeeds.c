#include "../guest.h"

PLAIN {
  expect(sched_yield(), SUCCESS);
}
