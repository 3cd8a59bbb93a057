#include "guest.h"

/* Names by which a layer says what is gone: a guest's files of such names take nothing away. */
GUEST {
  path_open(ROOT, 0, S("g/.wh.file-whiteouts.wasm"), CREAT, WRITING, 0, 0, P(&opened));
  path_open(ROOT, 0, S("g/.wh..wh..opq"), CREAT, WRITING, 0, 0, P(&opened));
  path_open(ROOT, 0, S(".wh.g"), CREAT, WRITING, 0, 0, P(&opened));
  path_open(ROOT, 0, S(".wh..."), CREAT, WRITING, 0, 0, P(&opened));
  path_open(ROOT, 0, S("tmp/.wh..."), CREAT, WRITING, 0, 0, P(&opened));
  path_create_directory(ROOT, S(".wh.etc"));
  symlink_at("x", ROOT, ".wh.tmp");
  want(stat_at(ROOT, "g/file-whiteouts.wasm"), SUCCESS);
  want(stat_at(ROOT, "g/ticker.wasm"), SUCCESS);
  want(stat_at(ROOT, "etc"), SUCCESS);
  want(stat_at(ROOT, "tmp"), SUCCESS);
  want(path_unlink_file(ROOT, S("g/ticker.wasm")), SUCCESS);
  want(stat_at(ROOT, "g/ticker.wasm"), NOENT);
}
