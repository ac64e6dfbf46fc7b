#!/bin/sh
# As in the image stood in for: arguments that are options or a Traefik command go to traefik, others are run as given.
set -e
if [ "${1#-}" != "$1" ]; then
    set -- traefik "$@"
elif [ "$1" != traefik ] && traefik "$1" --help >/dev/null 2>&1; then
    set -- traefik "$@"
fi
# Not as there: the test authority forgets what it issued when it restarts.
if [ "$*" = traefik ] && [ -f /etc/traefik/traefik.yml ]; then
    python3 /usr/local/lib/traefik/known_to_authority.py /etc/traefik/traefik.yml
fi
exec "$@"
