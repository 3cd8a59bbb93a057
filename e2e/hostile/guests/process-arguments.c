#include "guest.h"

/* Counts its arguments and its environment, however large they are. */
GUEST {
  u32 arguments, argument_size, variables, variable_size;
  want(args_sizes_get(P(&arguments), P(&argument_size)), SUCCESS);
  want(environ_sizes_get(P(&variables), P(&variable_size)), SUCCESS);
  u32 at = MEMORY_END;
  hold(__builtin_wasm_memory_grow(0, 1 + (argument_size + variable_size + 8 * (arguments + variables)) / 65536) != (u32)-1);
  want(args_get(at, at + 4 * arguments), SUCCESS);
  want(environ_get(at, at + 4 * variables), SUCCESS);
  want(args_get(at, MEMORY_END - 8), FAULT);
  say(1, "arguments "), say_number(1, arguments), say(1, " of "), say_number(1, argument_size);
  say(1, ", more than "), say_number(1, variables - variables % 1000), say(1, " variables\n");
}
