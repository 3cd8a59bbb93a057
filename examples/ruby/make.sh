#!/bin/sh
# Makes ruby.tar, the image ruby:latest with Ruby 3.2, for `docker load -i`.
set -eu
examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$examples/sandbox.sh"
node "$examples/image.mjs" ruby "$sandbox/ruby-3.2.0.wasm" ruby.wasm
