#include "../guest.h"

PLAIN {
  expect(clock_time_get(0, 1, (u64 *)0xfffffffc), FAULT);
}
