#include "guest.h"

/* Waits for the end of time. */
static u8 subscription[48], event[32];
GUEST {
  for (;;) {
    *(u32 *)(subscription + 16) = 1;
    *(u64 *)(subscription + 24) = ~0ull;
    poll_oneoff(P(subscription), P(event), 1, P(&count));
  }
}
