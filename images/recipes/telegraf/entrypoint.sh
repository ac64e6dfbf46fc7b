#!/bin/sh
# As in the pinned image: options go to telegraf, and root gives its rights up.
set -e
if [ "${1#-}" != "$1" ]; then
    set -- telegraf "$@"
fi
if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=telegraf --regid=telegraf --init-groups -- "$@"
fi
exec "$@"
