#include "../guest.h"

PLAIN {
  u8 bytes[64];
  u32 zeros = 0;
  for (u32 i = 0; i < 64; i++) bytes[i] = 0;
  expect(random_get(bytes, 64), SUCCESS);
  for (u32 i = 0; i < 64; i++) zeros += bytes[i] == 0;
  check(zeros < 32);
}
