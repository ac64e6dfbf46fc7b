#!/bin/sh
# Refuses what the image stood in for refuses, then serves as uid 100 with the Erlang cookie kept in the volume.
set -eu
refused=""
for name in RABBITMQ_DEFAULT_USER_FILE RABBITMQ_DEFAULT_PASS_FILE RABBITMQ_VM_MEMORY_HIGH_WATERMARK \
    RABBITMQ_SSL_CACERTFILE RABBITMQ_SSL_CERTFILE RABBITMQ_SSL_KEYFILE RABBITMQ_MANAGEMENT_SSL_CERTFILE; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || refused="$refused $name"
done
if [ -n "$refused" ]; then
    echo "error: not supported:$refused; put it in a file below /etc/rabbitmq/conf.d" >&2
    exit 1
fi
case "$1" in
    rabbitmq*)
        if [ "$(id -u)" = 0 ]; then
            find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq:rabbitmq '{}' +
            # Debian's /usr/sbin/rabbitmq-server starts the server below runuser, which keeps TERM to itself.
            command="$1"
            shift
            exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups -- "/usr/lib/rabbitmq/bin/$command" "$@"
        fi
        ;;
esac
exec "$@"
