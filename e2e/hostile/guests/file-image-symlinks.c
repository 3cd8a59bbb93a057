#include "guest.h"

/* Symlinks of the image: `host-etc` is /etc, `host-root` is /, `climb` is ../../../.. They lead through the container only. */
GUEST {
  want(open_at(ROOT, "host-etc/shadow", 0, READING), NOENT);
  want(open_at(ROOT, "host-root/etc/shadow", 0, READING), NOENT);
  want(open_at(ROOT, "host-root/proc/self/environ", 0, READING), NOENT);
  refused(open_at(ROOT, "climb/etc/shadow", 0, READING));
  refused(open_at(ROOT, "climb/climb/climb/etc/shadow", 0, READING));
  open_at(ROOT, "climb/tmp/escaped", CREAT | EXCL, WRITING);
  want(open_at(ROOT, "host-root/tmp/through", CREAT | EXCL, WRITING), SUCCESS);
  want(stat_at(ROOT, "tmp/through"), SUCCESS);
  want(open_at(ROOT, "loop/x", 0, READING), LOOP);
}
