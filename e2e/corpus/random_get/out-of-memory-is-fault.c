#include "../guest.h"

PLAIN {
  expect(random_get((void *)0xfffffff0, 64), FAULT);
}
