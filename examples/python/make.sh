#!/bin/sh
# Makes python.tar, the image python:latest with CPython 3.11, for `docker load -i`.
set -eu
examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$examples/sandbox.sh"
node "$examples/image.mjs" python "$sandbox/python-3.11.3.wasm" python.wasm
