#!/bin/sh
# Builds the guests of the end-to-end tests: NAME.wasm beside each NAME.c, which is kept, so that tests need no compiler.
# Needs clang with its WebAssembly runtime and wasi-libc (Debian: clang lld wasi-libc libclang-rt-14-dev-wasm32).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for source in "$here"/*.c; do
  clang --target=wasm32-wasi -std=gnu11 -Wall -Wextra -Oz -s -o "${source%.c}.wasm" "$source"
done
