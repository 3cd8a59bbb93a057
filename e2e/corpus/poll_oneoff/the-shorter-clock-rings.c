#include "../guest.h"

PLAIN {
  subscription both[2] = {
    {.userdata = 1, .tag = 0, .clock = {.id = 1, .timeout = 60000000000}},
    {.userdata = 2, .tag = 0, .clock = {.id = 1, .timeout = 1000000}},
  };
  event events[2];
  u32 count = 0;
  expect(poll_oneoff(both, events, 2, &count), SUCCESS);
  same(count, 1);
  same(events[0].userdata, 2);
}
