#include "../guest.h"

PLAIN {
  subscription one = {.userdata = 42, .tag = 0, .clock = {.id = 1, .timeout = 1000000}};
  event events[1];
  u32 count = 0;
  expect(poll_oneoff(&one, events, 1, &count), SUCCESS);
  same(count, 1);
  same(events[0].userdata, 42);
  same(events[0].error, SUCCESS);
  same(events[0].type, 0);
}
