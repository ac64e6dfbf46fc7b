#!/bin/sh
# As in the image stood in for: arguments that are options or a Traefik command go to traefik, others are run as given.
set -e
if [ "${1#-}" != "$1" ]; then
    set -- traefik "$@"
elif [ "$1" != traefik ] && traefik "$1" --help >/dev/null 2>&1; then
    set -- traefik "$@"
fi
exec "$@"
