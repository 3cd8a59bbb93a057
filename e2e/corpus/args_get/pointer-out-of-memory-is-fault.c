#include "../guest.h"

PLAIN {
  u8 bytes[256];
  expect(args_get((u8 **)0xfffffffc, bytes), FAULT);
  expect(args_sizes_get((u32 *)0xfffffffc, (u32 *)0xfffffff0), FAULT);
}
