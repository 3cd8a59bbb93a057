#!/bin/sh
# Makes php.tar, the image php:latest with PHP 8.2 (CGI), for `docker load -i`.
set -eu
examples=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$examples/sandbox.sh"
node "$examples/image.mjs" php "$sandbox/php-cgi-8.2.0.wasm" php-cgi.wasm -q
