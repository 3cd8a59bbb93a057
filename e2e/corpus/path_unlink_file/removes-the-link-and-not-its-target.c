#include "../guest.h"

FILES {
  expect(path_unlink_file(ROOT, T("link")), SUCCESS);
  holds(T("file"), "hello");
}
