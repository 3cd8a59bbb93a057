#include "../guest.h"

PLAIN {
  event events[1];
  u32 count;
  expect(poll_oneoff(NULL, events, 0, &count), INVAL);
}
