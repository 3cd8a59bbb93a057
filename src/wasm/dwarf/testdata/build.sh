#!/bin/sh
# Makes the .wasm of each source here, plain and optimised, with DWARF 4 and 5, and beside each, as NAME.symbols.txt,
# what llvm-symbolizer says of every third address of its code. Needs clang 14, lld and llvm (Debian's packages).
set -eu
cd "$(dirname "$0")"

symbols() {
  seq 2 3 "$2" | while read -r address; do printf '0x%x\n' "$address"; done |
    llvm-symbolizer --obj="$1.wasm" --functions=short --no-demangle --addresses >"$1.symbols.txt"
}

for source in average.c shapes.cpp; do
  for level in 0 2; do
    for version in 4 5; do
      name=${source%.*}-O$level-v$version
      clang --target=wasm32-wasi -nostdlib -O$level -g -gdwarf-$version -fdebug-compilation-dir=/src \
        -fno-exceptions -mno-bulk-memory -o "$name.wasm" "$source"
      code=$(llvm-objdump -h "$name.wasm" | sed -n 's/^ *[0-9]* CODE *\([0-9a-f]*\) .*/\1/p')
      symbols "$name" $((0x$code - 1))
    done
  done
done
