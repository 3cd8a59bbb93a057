#!/bin/sh
# Builds the programs of this folder and of calls/ for WebAssembly, by Debian's clang, wasi-libc and libclang-rt-14-dev-wasm32.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for source in "$here"/*.c "$here"/../calls/*.c; do
  clang --target=wasm32-wasi --sysroot=/usr -O2 -msimd128 -Wl,--strip-debug "$source" -o "${source%.c}.wasm"
done
