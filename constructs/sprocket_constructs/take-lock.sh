#!/bin/sh
# Usage: take-lock.sh DIRECTORY SECONDS COMMAND...
# Becomes COMMAND with DIRECTORY locked, or ends with 1 if another server has the lock for longer than SECONDS. The lock is the
# kernel's: COMMAND and its children inherit the open directory, and the lock ends with the last of them, however that ends.
set -eu
directory="$1"
seconds="$2"
shift 2

fail() {
    echo "error: $directory: $*" >&2
    exit 1
}

command -v flock > /dev/null || fail "cannot be locked, the image has no flock; use an image that has util-linux or BusyBox"
exec 9< "$directory"
# The first process of a container ignores every signal that it does not handle.
trap 'exit 143' INT QUIT TERM
waited=0
until flock -n 9; do
    [ $? -eq 1 ] || fail "cannot be locked; the line above says why"
    if [ "$waited" -ge "$seconds" ]; then
        fail "another server has it, after ${waited} s too, and only one may; nothing was opened. Look for it on this node:" \
            "docker ps --filter volume=$directory"
    fi
    [ "$waited" -gt 0 ] || echo "warning: $directory: another server has it; waits up to $seconds s for its end" >&2
    sleep 1
    waited=$((waited + 1))
done
exec "$@"
