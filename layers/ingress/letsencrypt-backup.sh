# Traefik writes its file in place, and indented: only a whole one ends with a line of its own that is }.
take() {
    rm -f "$1/acme.json"
    [ -s "$data/acme.json" ] || return 0 # nothing was issued yet
    cp "$data/acme.json" "$1/" || return 1
    whole "$1/acme.json" && cmp -s "$data/acme.json" "$1/acme.json"
}

whole() { [ "$(head -n 1 "$1")" = "{" ] && [ "$(tail -n 1 "$1")" = "}" ]; }

count() {
    [ -e "$1/acme.json" ] || return 0
    whole "$1/acme.json" || { echo "error: acme.json in the copy is cut off" >&2; return 1; }
    echo "acme.json $(wc -c < "$1/acme.json") $(sha256sum < "$1/acme.json" | cut -d ' ' -f 1)"
    sed -nE 's/^ *"(main|certificate|key)": "(.*)",?$/\1 \2/p' "$1/acme.json" | while read -r kind value; do
        case "$kind" in
            main) domain="$value" ;;
            certificate) holds CERTIFICATE; echo "certificate:$domain $found $(echo "$value" | sha256sum | cut -d ' ' -f 1)" ;;
            key) holds 'PRIVATE KEY' ;;
        esac
    done
}

# holds WHAT: how many blocks of PEM the value has
holds() {
    found="$(echo "$value" | base64 -d | grep -c "BEGIN.* *$1")" || {
        echo "error: $kind of $domain in acme.json is damaged" >&2
        return 1
    }
}
