#include "guest.h"

/* Timers of no time at all, a hundred thousand times, and 4096 of them at once. */
static u8 subscriptions[48 * 4096], events[32 * 4096];
GUEST {
  for (u32 i = 0; i < 4096; i++) *(u32 *)(subscriptions + i * 48 + 16) = 1;
  for (u32 i = 0; i < 100000; i++) want(poll_oneoff(P(subscriptions), P(events), 1, P(&count)), SUCCESS);
  want(poll_oneoff(P(subscriptions), P(events), 4096, P(&count)), SUCCESS);
  hold(count == 4096);
  /* Over itself. */
  want(poll_oneoff(P(subscriptions), P(subscriptions), 1, P(&count)), SUCCESS);
}
