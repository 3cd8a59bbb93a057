#include "../guest.h"

PLAIN {
  u64 now;
  expect(clock_time_get(1, 1, &now), SUCCESS);
  subscription one = {.tag = 0, .clock = {.id = 1, .timeout = now, .flags = 1}};
  event events[1];
  u32 count = 0;
  expect(poll_oneoff(&one, events, 1, &count), SUCCESS);
  same(count, 1);
}
