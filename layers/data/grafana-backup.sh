# SQLite changes the database at a checkpoint only, and its log grows until it begins anew after one (sqlite.org/walformat.html).
# So a copy in which neither is older than what is there now is the database of one moment, whoever writes.
take() {
    if ! [ -e "$data/grafana.db" ]; then
        [ -n "$(ls "$data")" ] || return 0 # it never ran
        echo "error: $data has no grafana.db, and other files" >&2
        exit 1
    fi
    rm -f "$1"/grafana.db*
    [ ! -e "$data/grafana.db-journal" ] || return 1
    cp "$data/grafana.db" "$1/" || return 1
    if [ -e "$data/grafana.db-wal" ]; then
        cp "$data/grafana.db-wal" "$1/" || return 1
        head -c "$(wc -c < "$1/grafana.db-wal")" "$data/grafana.db-wal" | cmp -s - "$1/grafana.db-wal" || return 1
    fi
    [ ! -e "$data/grafana.db-journal" ] && cmp -s "$data/grafana.db" "$1/grafana.db"
}

# The image has nothing that looks into a database but Grafana.
count() {
    every_file "$1" | while read -r file; do
        echo "$(basename "$file") $(wc -c < "$file") $(sha256sum < "$file" | cut -d ' ' -f 1)"
    done
    [ ! -e "$1/grafana.db" ] || [ "$(head -c 15 "$1/grafana.db")" = "SQLite format 3" ] || {
        echo "error: grafana.db in the copy is no SQLite database" >&2
        return 1
    }
}
