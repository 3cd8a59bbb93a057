#include "guest.h"

/* The mounted folder holds a pipe, a socket and links that the host put there: opening them neither hangs nor gives them. */
GUEST {
  refused(open_at(ROOT, "m/pipe", 0, READING));
  refused(open_at(ROOT, "m/pipe", 0, WRITING));
  refused(open_at(ROOT, "m/socket", 0, BOTH));
  refused(open_at(ROOT, "m/out", 0, READING));
  refused(open_at(ROOT, "m/out", TRUNC, WRITING));
  refused(open_at(ROOT, "m/outside/secret", 0, READING));
  refused(open_at(ROOT, "m/relative", 0, READING));
}
