#!/bin/sh
# Builds the hostile guests: NAME.wasm beside each NAME.c and NAME.wat, which is kept, so that tests need no compiler.
# Needs clang, wasm-ld and wat2wasm (Debian: clang lld wabt).
set -eu

cd "$(dirname -- "$0")"

for source in *.c; do
  clang --target=wasm32-unknown-unknown -std=gnu11 -Wall -Wextra -Wno-unused-function -Wno-unused-variable -O1 -fno-builtin -nostdlib \
    -Wl,--no-entry -Wl,--strip-all -o "${source%.c}.wasm" "$source"
done
for source in *.wat; do
  wat2wasm --enable-threads --enable-exceptions --enable-memory64 --enable-multi-memory --enable-tail-call \
    -o "${source%.wat}.wasm" "$source"
done
