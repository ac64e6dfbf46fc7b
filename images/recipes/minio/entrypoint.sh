#!/bin/sh
# As in the image stood in for: whatever is not the program is given to it.
if [ "${1:-}" != minio ]; then
    set -- minio "$@"
fi
exec "$@"
