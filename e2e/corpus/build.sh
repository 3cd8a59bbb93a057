#!/bin/sh
# Builds the guests of this folder: NAME.wasm beside each NAME.c, which is kept, so that tests need no compiler.
# Needs clang and lld (Debian: clang lld).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for source in "$here"/*/*.c; do
  clang --target=wasm32 -std=gnu11 -Wall -Wextra -Oz -fno-builtin -nostdlib -ffreestanding -s \
    -Wl,-z,stack-size=16384 -o "${source%.c}.wasm" "$source"
done
