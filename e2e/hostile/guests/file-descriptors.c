#include "guest.h"

/* Opens until it may not, three times over: the same number each time, none lost. */
GUEST {
  make_file(ROOT, "tmp/one", "1");
  u32 most = 0;
  for (u32 round = 0; round < 3; round++) {
    u32 number = 0, got;
    while ((got = open_at(ROOT, "tmp/one", 0, READING)) == SUCCESS && number < 5000) number++;
    hold(got == NFILE);
    hold(number >= 200 && number <= 1024);
    hold(round == 0 || number == most);
    most = number;
    want(open_at(ROOT, "tmp/two", CREAT, WRITING), NFILE);
    want(stat_at(ROOT, "tmp/two"), NOENT);
    want(open_directory(ROOT, "tmp"), NFILE);
    for (u32 fd = 4; fd < 4 + number; fd++) want(fd_close(fd), SUCCESS);
  }
}
