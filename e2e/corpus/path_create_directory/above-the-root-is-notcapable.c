#include "../guest.h"

FILES {
  expect(path_create_directory(ROOT, TEXT("../new")), NOTCAPABLE);
}
