#include "../guest.h"

PLAIN {
  u8 bytes[2048];
  expect(environ_get((u8 **)0xfffffffc, bytes), FAULT);
}
