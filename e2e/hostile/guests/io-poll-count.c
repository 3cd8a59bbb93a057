#include "guest.h"

/* Two thousand million subscriptions, and none. */
static u8 subscriptions[48 * 64], events[32 * 64];
GUEST {
  want(poll_oneoff(P(subscriptions), P(events), 0x80000000u, P(&count)), INVAL);
  want(poll_oneoff(P(subscriptions), P(events), 0xffffffffu, P(&count)), INVAL);
  want(poll_oneoff(P(subscriptions), P(events), 0x05555556u, P(&count)), INVAL);
  want(poll_oneoff(P(subscriptions), P(events), 4097, P(&count)), INVAL);
  want(poll_oneoff(P(subscriptions), P(events), 0, P(&count)), INVAL);
  subscriptions[8] = 3;
  want(poll_oneoff(P(subscriptions), P(events), 1, P(&count)), INVAL);
  subscriptions[8] = 0, subscriptions[16] = 99;
  refused(poll_oneoff(P(subscriptions), P(events), 1, P(&count)) == SUCCESS ? *(u16 *)(events + 8) : INVAL);
  subscriptions[8] = 1;
  *(u32 *)(subscriptions + 16) = 0xffffffffu;
  want(poll_oneoff(P(subscriptions), P(events), 1, P(&count)), SUCCESS);
  hold(*(u16 *)(events + 8) == BADF);
}
