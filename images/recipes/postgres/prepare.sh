#!/bin/sh
# Puts in place what the pinned image has around the server: its user, its folders, its settings.
set -eu
groupadd --system --gid 70 postgres
useradd --system --uid 70 --gid postgres --home-dir /var/lib/postgresql --shell /bin/sh postgres
install --directory --owner=postgres --group=postgres /var/lib/postgresql
install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA"
install --directory --owner=postgres --group=postgres --mode=3777 /var/run/postgresql
mkdir /docker-entrypoint-initdb.d
mv /usr/local/bin/entrypoint.sh /usr/local/bin/docker-entrypoint.sh
sample="$(find /usr/local/pgsql/share -name postgresql.conf.sample)"
sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/; s|^#unix_socket_directories = .*|unix_socket_directories = '/var/run/postgresql'|" "$sample"
rm "$0"
