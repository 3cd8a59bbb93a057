#!/bin/sh
# A real Docker engine beside ours, the newest that Debian has, for recording and for benches.
#
#   engine.sh start [FOLDER]   fetches it on first use, starts it as root and prints its socket on stdout
#   engine.sh stop [FOLDER]    ends it with all its containers and removes what it stored
#
# Nothing is installed but iptables and curl, if they are missing: the packages are unpacked in FOLDER (default /tmp/wherry-engine) and the
# programs told to use the C library that lies beside them. Needs Debian, root and the network on first use.
set -eu

folder=${2:-/tmp/wherry-engine}
programs=$folder
# In memory, as /run is where Docker is installed.
exec=/dev/shm/${folder##*/}
socket=$folder/docker.sock
. "$(dirname "$0")/sid.sh"

# Whether dockerd runs; sets $pid.
runs() {
  [ -f "$folder/dockerd.pid" ] && pid=$(cat "$folder/dockerd.pid") && [ -d "/proc/$pid" ]
}

start() {
  [ "$(id -u)" = 0 ] || fail 'Cannot start Docker: it has to be started as root.'
  fetched
  for command in iptables curl; do
    command -v $command >/dev/null || apt-get install -q -y --no-install-recommends $command >&2
  done
  if ! runs; then
    rm -f "$socket" "$folder/dockerd.pid"
    # The image store is the one that is Docker's default since 29.
    PATH=$bin:$PATH setsid "$bin/dockerd" --data-root "$folder/data" --exec-root "$exec" --pidfile "$folder/dockerd.pid" \
      -H "unix://$socket" --feature containerd-snapshotter=true --insecure-registry 127.0.0.0/8 --shutdown-timeout 1 \
      >"$folder/dockerd.log" 2>&1 </dev/null &
  fi
  tries=0
  until curl -fs --unix-socket "$socket" http://docker/_ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { tail -n 20 "$folder/dockerd.log" >&2; fail "Cannot start Docker: it does not answer at $socket."; }
    sleep 0.2
  done
  echo "$socket"
}

stop() {
  if runs; then
    ids=$(curl -fs --unix-socket "$socket" 'http://docker/containers/json?all=1' | grep -oE '"Id":"[0-9a-f]{64}","Names"' | cut -d'"' -f4) || ids=
    for id in $ids; do curl -fs -X DELETE --unix-socket "$socket" "http://docker/containers/$id?force=1&v=1" >/dev/null || :; done
    kill "$pid"
    tries=0
    while [ -d "/proc/$pid" ]; do
      tries=$((tries + 1))
      [ $tries -lt 150 ] || { kill -KILL "$pid"; break; }
      sleep 0.2
    done
  fi
  grep -oE "($folder|$exec)/[^ ]*" /proc/mounts | sort -r | while read -r mount; do umount -l "$mount" 2>/dev/null || :; done
  rm -rf "$folder/data" "$exec" "$folder/dockerd.pid" "$socket"
}

case ${1-} in
  start) start ;;
  stop) stop ;;
  *) fail 'usage: engine.sh start|stop [FOLDER]' ;;
esac
