#include "../guest.h"

PLAIN {
  u32 count, length;
  expect(args_sizes_get(&count, &length), SUCCESS);
  same(count, 3);
  u8 *args[3], bytes[256];
  check(length <= sizeof bytes);
  expect(args_get(args, bytes), SUCCESS);
  check(equal(args[1], "one", 4) && equal(args[2], "two words", 10));
  check(args[0] == bytes && args[2] + 10 == bytes + length);
}
