#include "../guest.h"

FILES {
  u8 bytes[512];
  u32 filled, fd = opened(T("dir"), 0, SEARCHING);
  filestat stat;
  expect(fd_readdir(fd, bytes, sizeof bytes, 0, &filled), SUCCESS);
  for (u32 at = 0; at + sizeof(dirent) <= filled;) {
    dirent *entry = (dirent *)(bytes + at);
    if (entry->length == 5) {
      expect(path_filestat_get(fd, 0, (char *)(entry + 1), 5, &stat), SUCCESS);
      check(stat.ino == entry->ino);
    }
    if (entry->length == 1) {
      expect(fd_filestat_get(fd, &stat), SUCCESS);
      check(stat.ino == entry->ino);
    }
    at += sizeof(dirent) + entry->length;
  }
}
