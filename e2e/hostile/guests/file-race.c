#include "guest.h"

/* On the shared folder /m: `swap` makes one name a directory, then a link out (second argument), for ever; `open` walks through it. */
GUEST {
  const char *role = argument(1), *canary = argument(2);
  u32 length = length_of(canary);
  if (role[0] == 's') {
    path_create_directory(ROOT, S("m/real"));
    path_symlink(P(canary), length, ROOT, S("m/fake"));
    path_symlink(S("../canary"), ROOT, S("m/near"));
    for (u32 i = 0; i < 1000; i++) {
      path_rename(ROOT, S("m/real"), ROOT, S("m/way"));
      path_rename(ROOT, S("m/way"), ROOT, S("m/real"));
      path_rename(ROOT, S("m/fake"), ROOT, S("m/way"));
      path_rename(ROOT, S("m/way"), ROOT, S("m/fake"));
      path_rename(ROOT, S("m/near"), ROOT, S("m/way"));
      path_rename(ROOT, S("m/way"), ROOT, S("m/near"));
    }
  } else {
    for (u32 i = 0; i < 3000; i++) {
      refused(open_at(ROOT, "m/way/secret", 0, READING));
      refused(stat_at(ROOT, "m/way/secret"));
      if (open_at(ROOT, "m/way/escaped", CREAT, WRITING) == SUCCESS) fd_close(opened);
      path_create_directory(ROOT, S("m/way/escaped-directory"));
      path_remove_directory(ROOT, S("m/way/escaped-directory"));
    }
  }
}
