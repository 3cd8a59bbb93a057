#include "guest.h"

/* Cookies that nobody gave out, buffers of any length. */
static u8 buffer[4096];
GUEST {
  static const u64 cookies[] = {0, 1, 2, 1000000, 0x7fffffff, 0x80000000ull, 0xffffffffull, 0x100000000ull, 0x7fffffffffffffffull, 0x8000000000000000ull, 0xffffffffffffffffull, 0xfffffffffffffffeull};
  for (u32 i = 0; i < sizeof cookies / sizeof *cookies; i++) {
    either(fd_readdir(ROOT, P(buffer), sizeof buffer, cookies[i], P(&count)), SUCCESS, INVAL);
    hold(count <= sizeof buffer);
  }
  for (u32 length = 0; length < 60; length++) {
    want(fd_readdir(ROOT, P(buffer), length, 0, P(&count)), SUCCESS);
    hold(count <= length);
  }
  refused(fd_readdir(ROOT, P(buffer), 0xffffffffu, 0, P(&count)));
  refused(fd_readdir(1, P(buffer), 100, 0, P(&count)));
  refused(fd_readdir(77, P(buffer), 100, 0, P(&count)));
  /* Files that go while they are listed. */
  char path[] = "tmp/f00";
  for (u32 i = 0; i < 100; i++) {
    path[5] = (char)('0' + i / 10), path[6] = (char)('0' + i % 10);
    want(path_open(ROOT, 0, P(path), 7, CREAT, WRITING, 0, 0, P(&opened)), SUCCESS);
    want(fd_close(opened), SUCCESS);
  }
  want(open_directory(ROOT, "tmp"), SUCCESS);
  u32 tmp = opened;
  u64 cookie = 0;
  u32 seen = 0;
  for (u32 round = 0; round < 400; round++) {
    want(fd_readdir(tmp, P(buffer), 64, cookie, P(&count)), SUCCESS);
    if (count < 24) break;
    cookie = *(u64 *)buffer;
    u32 length = *(u32 *)(buffer + 16);
    if (length == 3 && buffer[24] == 'f') seen++, path_unlink_file(tmp, P(buffer + 24), 3);
  }
  hold(seen == 100);
  want(fd_readdir(tmp, P(buffer), sizeof buffer, cookie, P(&count)), SUCCESS);
}
