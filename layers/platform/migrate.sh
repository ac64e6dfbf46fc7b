#!/bin/sh
# Brings the database to the schema of this image; safe to repeat. Its settings lie beside it.
set -u
cd /app || exit 1
set -a
. core/migration.env
set +a

# The shell is the first process: without a trap it would not leave when asked. What it started ends with it.
trap 'exit 0' TERM INT

node core/migrate.cjs &
if wait $!; then
    touch /tmp/migrated
    echo "migration: done"
else
    status=$?
    echo "migration: failed with status $status; the reason is above. Core keeps its present version." >&2
    exit "$status"
fi
while :; do
    sleep 3600 &
    wait $!
done
