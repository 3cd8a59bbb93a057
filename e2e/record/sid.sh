# Programs newer than this machine's: Docker's engine and containerd from Debian sid, unpacked aside. Read by the scripts
# beside it, which set $programs, the folder for them: `fetched` sees to it that $bin is filled.
root=$programs/root
lib=$root/usr/lib/$(uname -m)-linux-gnu
bin=$root/engine

fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

# The newest packages, taken from the mirror this machine uses, with a package database of their own.
fetch() {
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | sed -n 1p)
  [ -n "$mirror" ] || { apt-get update -q >&2; mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | sed -n 1p); }
  [ -n "$mirror" ] || fail "Cannot fetch Docker and containerd: no mirror of Debian is configured here."
  rm -rf "$programs/apt" "$root"
  mkdir -p "$programs/apt/lists/partial" "$programs/apt/cache/archives/partial" "$bin"
  : >"$programs/apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$programs/apt/sources.list"
  cat >"$programs/apt/conf" <<EOF
Dir::Etc::sourcelist "$programs/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$programs/apt/lists";
Dir::State::status "$programs/apt/status";
Dir::Cache "$programs/apt/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
EOF
  (
    cd "$programs/apt/cache/archives"
    export APT_CONFIG="$programs/apt/conf"
    apt-get update -q
    apt-get download docker.io containerd runc tini-static libc6 libgcc-s1 libseccomp2 libsystemd0 libcap2 patchelf libstdc++6
    for package in *.deb; do dpkg-deb -x "$package" "$root"; done
  ) >&2
  # The loader is the one that belongs to the C library; patchelf itself needs it, too.
  loader=$(ls "$lib"/ld-linux-*.so.*)
  for program in usr/sbin/dockerd usr/sbin/docker-proxy usr/sbin/runc usr/bin/containerd usr/bin/containerd-shim-runc-v2 usr/bin/ctr; do
    cp "$root/$program" "$bin/"
    "$loader" --library-path "$lib" "$root/usr/bin/patchelf" --set-interpreter "$loader" --set-rpath "$lib" "$bin/${program##*/}"
  done
  cp "$root/usr/bin/tini-static" "$bin/docker-init"
  rm -rf "$programs/apt"
  : >"$root/complete"
}

fetched() {
  mkdir -p "$programs"
  [ -f "$root/complete" ] || fetch
}
