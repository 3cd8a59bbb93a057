#include "../guest.h"

PLAIN {
  subscription one = {.userdata = 7, .tag = 1, .fd = {99}};
  event events[1];
  u32 count = 0;
  expect(poll_oneoff(&one, events, 1, &count), SUCCESS);
  same(count, 1);
  same(events[0].error, BADF);
  same(events[0].userdata, 7);
}
