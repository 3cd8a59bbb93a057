#!/bin/sh
# Makes the .wasm beside each .wat, with wat2wasm of wabt 1.0.32.
set -eu
cd "$(dirname "$0")"
for file in *.wat; do
  wat2wasm --enable-exceptions --enable-threads --enable-multi-memory --enable-memory64 --enable-extended-const \
    --debug-names "$file" -o "${file%.wat}.wasm"
done
