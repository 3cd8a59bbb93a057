#!/bin/sh
# Builds the examples written in C: NAME/NAME.wasm beside each NAME/NAME.c.
# Needs clang with its WebAssembly runtime and wasi-libc (Debian: clang lld wasi-libc libclang-rt-14-dev-wasm32).
# With --linux DIR it builds them static for Linux instead, to DIR/NAME: the same programs for another engine.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ "${1:-}" = --linux ]; then
  mkdir -p "${2:?--linux needs a directory}"
  for name in hello clock wordcount web; do
    cc -std=gnu11 -Wall -Wextra -Os -static -s -o "$2/$name" "$here/$name/$name.c"
  done
  exit
fi

for name in hello clock wordcount web; do
  # poll() of wasi-libc needs some hundred bytes of stack for each connection.
  case $name in
    web) more=-Wl,-z,stack-size=1048576,--stack-first ;;
    *) more= ;;
  esac
  # shellcheck disable=SC2086
  clang --target=wasm32-wasi -std=gnu11 -Wall -Wextra -Oz -s $more -o "$here/$name/$name.wasm" "$here/$name/$name.c"
done
