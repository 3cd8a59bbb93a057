#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL), count = 0;
  subscription both[2] = {{.userdata = 1, .tag = 1, .fd = {fd}}, {.userdata = 2, .tag = 2, .fd = {fd}}};
  event events[2];
  expect(poll_oneoff(both, events, 2, &count), SUCCESS);
  same(count, 2);
  same(events[0].error, SUCCESS);
  same(events[1].error, SUCCESS);
}
