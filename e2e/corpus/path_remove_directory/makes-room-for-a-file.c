#include "../guest.h"

FILES {
  expect(path_remove_directory(ROOT, T("empty")), SUCCESS);
  put_file(T("empty"), "now a file");
  holds(T("empty"), "now a file");
}
