#!/bin/sh
# Usage: take-lock.sh flock|pipe DIRECTORY SECONDS COMMAND...
# Becomes COMMAND with DIRECTORY locked, or ends with 1 if another server has the lock for longer than SECONDS. The lock is a
# descriptor that COMMAND and its children inherit, so the kernel ends it with the last of them, however that ends.
set -eu
kind="$1"
directory="$2"
seconds="$3"
shift 3

fail() {
    echo "error: $directory: $*" >&2
    exit 1
}

need() {
    for program in "$@"; do
        command -v "$program" > /dev/null || fail "cannot be locked, the image has no $program; use an image that has it"
    done
}

# flock: the kernel's lock on the open directory. Nothing is written into it.
try_flock() {
    flock -n 9 && return
    [ $? -eq 1 ] || fail "cannot be locked; the line above says why"
    return 1
}

# pipe: for images without flock. Each server holds a named pipe of its own open. It shows that first and looks for other open ones
# then, so of two that start at once at least one sees the other. A pipe whose server has ended is not open, whatever ended it.
pipes="$directory/.lock"

is_open() {
    [ -p "$1" ] && dd if=/dev/null of="$1" oflag=nonblock conv=notrunc status=none 2> /dev/null
}

try_pipe() {
    mine="$(mktemp -u "$pipes/XXXXXXXX")"
    mkfifo -m 600 "$mine" || fail "cannot be locked; the line above says why"
    exec 9<> "$mine"
    for other in "$pipes"/*; do
        if [ "$other" != "$mine" ] && is_open "$other"; then
            exec 9<&-
            rm -f "$mine"
            return 1
        fi
    done
    # One that has the lock removed it, and ended before it was looked for.
    [ "$mine" -ef /dev/fd/9 ] || return 1
    is_open "$mine" || fail "cannot be locked, dd does not know oflag=nonblock; use an image with GNU coreutils"
    for other in "$pipes"/*; do
        [ "$other" = "$mine" ] || rm -f "$other"
    done
}

[ -d "$directory" ] || fail "is not there, so there is nothing to lock; mount the store there"
case "$kind" in
    flock)
        need flock
        exec 9< "$directory"
        ;;
    pipe)
        need dd mkdir mkfifo mktemp rm
        mkdir -p "$pipes"
        ;;
esac
# The first process of a container ignores every signal that it does not handle.
trap 'exit 143' INT QUIT TERM
waited=0
until "try_$kind"; do
    if [ "$waited" -ge "$seconds" ]; then
        fail "another server has it, after ${waited} s too, and only one may; nothing was opened. Look for it on this node:" \
            "docker ps --filter volume=$directory"
    fi
    [ "$waited" -gt 0 ] || echo "warning: $directory: another server has it; waits up to $seconds s for its end" >&2
    sleep 1
    waited=$((waited + 1))
done
exec "$@"
