#include "guest.h"

/* Where nothing may be written (first argument is the place): every call that would. */
static char where[64];
static u32 at;
static u32 in(const char *name) {
  u32 length = length_of(name);
  for (u32 i = 0; i < length; i++) where[at + i] = name[i];
  return at + length;
}
GUEST {
  const char *place = argument(1);
  while (place[at] != 0) where[at] = place[at], at++;
  where[at++] = '/';
  u32 length = in("file");
  want(path_open(ROOT, 0, P(where), length, 0, READING, 0, 0, P(&opened)), SUCCESS);
  u32 fd = opened;
  want(path_open(ROOT, 0, P(where), length, 0, WRITING, 0, 0, P(&opened)), ROFS);
  want(path_open(ROOT, 0, P(where), length, TRUNC, READING, 0, 0, P(&opened)), ROFS);
  want(path_open(ROOT, 0, P(where), length, TRUNC, 0, 0, 0, P(&opened)), ROFS);
  either(path_open(ROOT, 0, P(where), length, CREAT, READING, 0, 0, P(&opened)), SUCCESS, ROFS);
  want(path_unlink_file(ROOT, P(where), length), ROFS);
  want(path_filestat_set_times(ROOT, 0, P(where), length, 0, 0, 4), ROFS);
  refused(fd_filestat_set_size(fd, 0));
  refused(fd_filestat_set_times(fd, 0, 0, 4));
  refused(fd_allocate(fd, 0, 100));
  iovec one = {P("x"), 1};
  refused(fd_write(fd, P(&one), 1, P(&count)));
  refused(fd_pwrite(fd, P(&one), 1, 0, P(&count)));
  want(path_rename(ROOT, P(where), length, ROOT, P(where), length - 1), ROFS);
  either(path_link(ROOT, 0, P(where), length, ROOT, P(where), length - 1), ROFS, XDEV);
  length = in("new");
  want(path_open(ROOT, 0, P(where), length, CREAT, WRITING, 0, 0, P(&opened)), ROFS);
  want(path_create_directory(ROOT, P(where), length), ROFS);
  want(path_symlink(S("x"), ROOT, P(where), length), ROFS);
  either(path_rename(ROOT, S("g/file-read-only.wasm"), ROOT, P(where), length), ROFS, XDEV);
  either(path_link(ROOT, 0, S("g/file-read-only.wasm"), ROOT, P(where), length), ROFS, XDEV);
  length = in("folder");
  want(path_remove_directory(ROOT, P(where), length), ROFS);
}
