#include "guest.h"

/* Names behind which a host keeps its own: none is there, and none can be made to be. */
GUEST {
  want(open_at(ROOT, "proc/self/environ", 0, READING), NOENT);
  want(open_at(ROOT, "proc/self/fd/0", 0, READING), NOENT);
  want(open_at(ROOT, "proc/self/root/etc/shadow", 0, READING), NOENT);
  want(open_at(ROOT, "proc/1/mem", 0, BOTH), NOENT);
  want(open_at(ROOT, "sys/kernel", 0, 0), NOENT);
  want(open_at(ROOT, "dev/mem", 0, READING), NOENT);
  want(open_at(ROOT, "dev/sda", 0, READING), NOENT);
  want(open_at(ROOT, "dev/vda", 0, READING), NOENT);
  want(open_at(ROOT, "dev/kvm", 0, BOTH), NOENT);
  want(open_at(ROOT, "dev/fd/0", 0, READING), NOENT);
  want(open_at(ROOT, "dev/shm/x", CREAT, WRITING), NOENT);
  refused(open_at(ROOT, "dev/new", CREAT, WRITING));
  refused(path_create_directory(ROOT, S("dev/new")));
  refused(path_unlink_file(ROOT, S("dev/null")));
  refused(path_rename(ROOT, S("dev/null"), ROOT, S("tmp/null")));
  refused(path_link(ROOT, 0, S("dev/zero"), ROOT, S("tmp/zero")));
  refused(path_remove_directory(ROOT, S("dev")));
  refused(path_rename(ROOT, S("dev"), ROOT, S("tmp/dev")));
  want(open_at(ROOT, "dev/null", TRUNC, WRITING), SUCCESS);
  want(open_at(ROOT, "CON", 0, READING), NOENT);
  want(open_at(ROOT, "NUL", 0, READING), NOENT);
  want(open_at(ROOT, "tmp/C:\\x", CREAT, WRITING), SUCCESS);
  want(open_at(ROOT, "..\\..\\etc\\passwd", 0, READING), NOENT);
}
