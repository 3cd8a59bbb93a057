#include "../guest.h"

PLAIN {
  expect(random_get(NULL, 0), SUCCESS);
}
