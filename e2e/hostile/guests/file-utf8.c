#include "guest.h"

/* Paths that are no UTF-8: cut short, overlong, surrogates, beyond Unicode. */
GUEST {
  want(open_at(ROOT, "tmp/\xff", CREAT, WRITING), ILSEQ);
  want(open_at(ROOT, "tmp/\xc3", CREAT, WRITING), ILSEQ);
  want(open_at(ROOT, "\xc0\xae\xc0\xae/etc", 0, 0), ILSEQ);
  want(open_at(ROOT, "\xe0\x80\xaf" "etc", 0, 0), ILSEQ);
  want(stat_at(ROOT, "\xed\xa0\x80"), ILSEQ);
  want(path_create_directory(ROOT, S("tmp/\xf4\x90\x80\x80")), ILSEQ);
  want(symlink_at("\xfe", ROOT, "tmp/l"), ILSEQ);
  want(path_rename(ROOT, S("tmp"), ROOT, S("\x80")), ILSEQ);
  /* These are names like any other. */
  want(open_at(ROOT, "tmp/\xef\xbb\xbf" "bom", CREAT, WRITING), SUCCESS);
  want(open_at(ROOT, "tmp/\xe2\x80\xae" "txt.exe", CREAT, WRITING), SUCCESS);
  want(open_at(ROOT, "tmp/\x1b[2J\n", CREAT, WRITING), SUCCESS);
  want(stat_at(ROOT, "tmp/bom"), NOENT);
}
