#include "../guest.h"

PLAIN {
  subscription one = {.tag = 3};
  event events[1];
  u32 count;
  expect(poll_oneoff(&one, events, 1, &count), INVAL);
}
