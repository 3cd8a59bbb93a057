#include "../guest.h"

PLAIN {
  u32 count, length;
  expect(environ_sizes_get(&count, &length), SUCCESS);
  u8 *variables[64], bytes[2048];
  check(count <= 64 && length <= sizeof bytes);
  expect(environ_get(variables, bytes), SUCCESS);
  u32 found = 0;
  for (u32 i = 0; i < count; i++) found += equal(variables[i], "GIVEN=a value", 14);
  same(found, 1);
}
