#!/bin/sh
# Makes sqlite.tar, the image sqlite:latest with the shell of SQLite 3.26, for `docker load -i`.
set -eu
examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$examples/sandbox.sh"
node "$examples/image.mjs" sqlite "$sandbox/sqlite.wasm" sqlite3.wasm -batch
