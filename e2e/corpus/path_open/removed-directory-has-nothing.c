#include "../guest.h"

FILES {
  u32 fd = opened(T("empty"), ONLY_DIRECTORY, SEARCHING), file;
  expect(path_remove_directory(ROOT, T("empty")), SUCCESS);
  expect(path_open(fd, 0, TEXT("x"), CREAT, WRITING, 0, 0, &file), NOENT);
  expect(path_create_directory(fd, TEXT("x")), NOENT);
}
