#!/bin/sh
# Builds the guests of the end-to-end tests: NAME.wasm beside each NAME.c and NAME.wat, kept, so that tests need no compiler.
# Needs clang with its WebAssembly runtime, wasi-libc and wabt (Debian: clang lld wasi-libc libclang-rt-14-dev-wasm32 wabt).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for source in "$here"/*.c; do
  clang --target=wasm32-wasi -std=gnu11 -Wall -Wextra -Oz -s -o "${source%.c}.wasm" "$source"
done

for source in "$here"/*.wat; do
  wat2wasm --enable-multi-memory "$source" -o "${source%.wat}.wasm"
done
