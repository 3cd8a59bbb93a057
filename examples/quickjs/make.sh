#!/bin/sh
# Makes quickjs.tar, the image quickjs:latest with QuickJS, for `docker load -i`.
set -eu
examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$examples/sandbox.sh"
node "$examples/image.mjs" quickjs "$sandbox/wasmedge_quickjs.wasm" qjs.wasm
