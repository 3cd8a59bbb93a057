#!/bin/sh
# A real containerd beside ours, to compare with and to measure against.
#
#   containerd.sh programs VERSION        prints the folder with ctr, containerd, runc and its shim
#   containerd.sh start VERSION FOLDER    starts it as root and prints its socket on stdout
#   containerd.sh stop VERSION FOLDER     ends it with all its containers and removes what it stored
#
# VERSION is `1.6`, the one that Debian bookworm installs, or `2`, the newest that Debian has: fetched on first use and
# unpacked aside, like engine.sh's. FOLDER is its own: root, state, socket, log, what `ctr install` installs.
set -eu

version=${2-}
folder=${3-}
programs=/tmp/wherry-engine
. "$(dirname "$0")/sid.sh"
socket=$folder/c.sock

case $version in
  1.6) bin=/usr/bin ;;
  2) ;;
  *) fail 'usage: containerd.sh programs|start|stop 1.6|2 [FOLDER]' ;;
esac

have() {
  if [ "$version" = 2 ]; then
    # Whoever may not fetch uses what is there.
    fetched
  elif ! containerd --version 2>/dev/null | grep -q ' 1\.6\.'; then
    fail 'Cannot find containerd 1.6 here (Debian bookworm: containerd).'
  fi
}

# What a machine without them cannot load is left out, and so is the CRI, which wants a network of its own.
configure() {
  cat >"$folder/config.toml" <<TOML
version = 2
root = "$folder/root"
state = "$folder/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.differ.v1.erofs",
]
[grpc]
address = "$socket"
[ttrpc]
address = "$socket.ttrpc"
# Unused things go when a client says so and not in between: what is listed is not left to chance.
[plugins."io.containerd.gc.v1.scheduler"]
mutation_threshold = 0
pause_threshold = 0.000001
startup_delay = "1h"
[plugins."io.containerd.internal.v1.opt"]
path = "$folder/opt"
TOML
}

# Whether it runs; sets $pid.
runs() {
  [ -f "$folder/pid" ] && pid=$(cat "$folder/pid") && [ -d "/proc/$pid" ]
}

start() {
  [ "$(id -u)" = 0 ] || fail 'Cannot start containerd: it has to be started as root.'
  have
  mkdir -p "$folder"
  if ! runs; then
    rm -f "$socket"
    configure
    PATH=$bin:$PATH setsid "$bin/containerd" --config "$folder/config.toml" >"$folder/log" 2>&1 </dev/null &
    echo $! >"$folder/pid"
  fi
  tries=0
  until timeout 5 "$bin/ctr" -a "$socket" version >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { tail -n 20 "$folder/log" >&2; fail "Cannot start containerd: it does not answer at $socket."; }
    sleep 0.1
  done
  echo "$socket"
}

stop() {
  if runs; then
    kill "$pid"
    tries=0
    while [ -d "/proc/$pid" ]; do
      tries=$((tries + 1))
      [ $tries -lt 100 ] || { kill -KILL "$pid"; break; }
      sleep 0.1
    done
  fi
  # Shims outlive their containerd and know it by its socket; what runs in containers is theirs.
  for shim in $(grep -lsaF "$socket" /proc/[0-9]*/cmdline | grep -o "[0-9]\+"); do
    grep -qsa containerd-shim "/proc/$shim/cmdline" || continue
    for child in $(cat /proc/$shim/task/*/children 2>/dev/null); do kill -KILL "$child" 2>/dev/null || :; done
    kill -KILL "$shim" 2>/dev/null || :
  done
  grep -oE "$folder/[^ ]*" /proc/mounts | sort -ru | while read -r mount; do umount -l "$mount" 2>/dev/null || :; done
  rm -rf "$folder"
}

case ${1-} in
  programs) have; echo "$bin" ;;
  start | stop) [ -n "$folder" ] || fail 'start and stop need a FOLDER'; "$1" ;;
  *) fail 'usage: containerd.sh programs|start|stop 1.6|2 [FOLDER]' ;;
esac
