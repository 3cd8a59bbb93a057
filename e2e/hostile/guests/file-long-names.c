#include "guest.h"

/* Names of 255 and 256 bytes, paths of 4096 and 4097. */
static char path[8192];
static u32 open_long(u32 length, u32 oflags) { return path_open(ROOT, 0, P(path), length, oflags, oflags ? WRITING : READING, 0, 0, P(&opened)); }
GUEST {
  for (u32 i = 0; i < sizeof path; i++) path[i] = 'n';
  path[0] = 't', path[1] = 'm', path[2] = 'p', path[3] = '/';
  want(open_long(4 + 255, CREAT), SUCCESS);
  want(open_long(4 + 256, CREAT), NAMETOOLONG);
  want(open_long(4096, CREAT), NAMETOOLONG);
  want(open_long(8192, CREAT), NAMETOOLONG);
  for (u32 i = 3; i < sizeof path; i++) path[i] = i % 2 ? '/' : '.';
  path[4095] = '.';
  want(open_long(4096, 0), SUCCESS);
  path[4095] = '/';
  want(open_long(4097, 0), NAMETOOLONG);
  for (u32 i = 0; i < sizeof path; i++) path[i] = '/';
  want(path_filestat_get(ROOT, 0, P(path), 4096, P(stat_of)), NOTCAPABLE);
  /* A target of 4096 bytes is a target, and following it fails. */
  for (u32 i = 0; i < sizeof path; i++) path[i] = 'x';
  either(path_symlink(P(path), 4096, ROOT, S("tmp/long")), SUCCESS, NAMETOOLONG);
  want(path_symlink(P(path), 4097, ROOT, S("tmp/longer")), NAMETOOLONG);
  refused(stat_at(ROOT, "tmp/long"));
}
