#!/bin/sh
# As in the image stood in for: options or a *.conf go to redis-server; root owns nothing below /data and does not serve.
set -e
case "$1" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis:redis '{}' +
    exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
fi
umask 0077
# The pinned image loads its modules by itself.
if [ "$1" = redis-server ] && [ -f /usr/local/lib/redis/rejson.so ]; then
    set -- "$@" --loadmodule /usr/local/lib/redis/rejson.so
fi
exec "$@"
