#include "../guest.h"

PLAIN {
  u64 before, after;
  expect(clock_time_get(1, 1, &before), SUCCESS);
  subscription one = {.tag = 0, .clock = {.id = 1, .timeout = 5000000}};
  event events[1];
  u32 count;
  expect(poll_oneoff(&one, events, 1, &count), SUCCESS);
  expect(clock_time_get(1, 1, &after), SUCCESS);
  check(after - before >= 5000000);
}
