#include "../guest.h"

FILES {
  u8 bytes[512];
  char name[] = "x00";
  u32 filled, fd = opened(T("empty"), 0, SEARCHING), made, entries = 0;
  for (u32 i = 0; i < 60; i++) {
    name[1] = (char)('0' + i / 10), name[2] = (char)('0' + i % 10);
    expect(path_open(fd, 0, name, 3, CREAT, WRITING, 0, 0, &made), SUCCESS);
    expect(fd_close(made), SUCCESS);
  }
  u64 cookie = 0;
  for (;;) {
    expect(fd_readdir(fd, bytes, sizeof(dirent) + 3, cookie, &filled), SUCCESS);
    if (filled < sizeof(dirent)) break;
    dirent *entry = (dirent *)bytes;
    cookie = entry->next;
    if (entry->length != 3) continue;
    entries++;
    expect(path_unlink_file(fd, (char *)(entry + 1), 3), SUCCESS);
  }
  same(entries, 60);
  expect(path_remove_directory(ROOT, T("empty")), SUCCESS);
}
