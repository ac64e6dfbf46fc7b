#!/bin/sh
# Brings the database to the schema of this image; safe to repeat. Its settings lie beside it.
set -u
cd /app || exit 1
set -a
. core/migration.env
set +a

# The shell is the first process: without a trap it would not leave when asked. What it started ends with it.
trap 'exit 0' TERM INT

run() {
    echo "migration: $1"
    shift
    "$@" &
    wait $! && return
    status=$?
    echo "migration: failed with status $status; the reason is above. Core keeps its present version." >&2
    exit "$status"
}

run "schemas $SCHEMAS" node core/schemas.cjs
run "core's migrations" npm run migration:run --workspace=core
touch /tmp/migrated
echo "migration: done"
while :; do
    sleep 3600 &
    wait $!
done
