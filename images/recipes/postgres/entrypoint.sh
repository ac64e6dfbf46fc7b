#!/bin/bash
# Sets up an empty data directory the way the image stood in for does, then serves as uid 70.
set -Eeuo pipefail

fail() {
    echo "error: $*" >&2
    exit 1
}

# from_file NAME DEFAULT: exports NAME from the file named by NAME_FILE, from NAME itself, or the default.
from_file() {
    local name="$1" file="$1_FILE" value="$2"
    [ -z "${!name:-}" ] || [ -z "${!file:-}" ] || fail "both $name and $file are set; allowed: one of them"
    if [ -n "${!file:-}" ]; then
        [ -r "${!file}" ] || fail "$file: ${!file} cannot be read"
        value="$(cat "${!file}")"
    elif [ -n "${!name:-}" ]; then
        value="${!name}"
    fi
    export "$name=$value"
    unset "$file"
}

initialise() {
    from_file POSTGRES_PASSWORD ''
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS ''
    [ -n "$POSTGRES_PASSWORD" ] || fail "no password for the superuser; give it by POSTGRES_PASSWORD_FILE"
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" > "$scratch/password")
    local -a extra
    eval "extra=($POSTGRES_INITDB_ARGS)"
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$scratch/password" \
        --auth-local=trust --auth-host=scram-sha-256 "${extra[@]}"
    touch "$unfinished"
    rm "$scratch/password"
    printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --wait --silent start -o "-c listen_addresses=''"
    if [ "$POSTGRES_DB" != postgres ]; then
        psql_as postgres --set=db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db"'
    fi
    run_scripts
    pg_ctl --pgdata="$PGDATA" --wait --mode=fast stop
    rm "$unfinished"
    unset POSTGRES_PASSWORD
}

psql_as() {
    local database="$1"
    shift
    psql --set=ON_ERROR_STOP=1 --no-psqlrc --no-password --username="$POSTGRES_USER" --dbname="$database" "$@"
}

run_scripts() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case "$file" in
            *.sh) if [ -x "$file" ]; then "$file"; else source "$file"; fi ;;
            *.sql) psql_as "$POSTGRES_DB" --file="$file" ;;
            *.sql.gz) gunzip --stdout "$file" | psql_as "$POSTGRES_DB" ;;
            '/docker-entrypoint-initdb.d/*') ;;
            *) echo "ignored: $file (run are *.sh, *.sql, *.sql.gz)" ;;
        esac
    done
}

main() {
    [ "${1#-}" = "$1" ] || set -- postgres "$@"
    [ "$1" = postgres ] || exec "$@"
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA"
        find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres:postgres '{}' +
        chmod 0700 "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
    fi
    # Only the setup below makes this file, before any client is served: such a directory is safe to empty.
    unfinished="$PGDATA/.setup-unfinished"
    if [ -e "$unfinished" ]; then
        echo "the last setup was cut off; starting it over"
        find "$PGDATA" -mindepth 1 -delete
    fi
    [ -s "$PGDATA/PG_VERSION" ] || initialise
    exec "$@"
}

main "$@"
