#!/bin/sh
# An authority and the certificate of Pebble's own listener, made in each build. The authority's key is thrown away
# here, the listener's key is in the image only, so no key is ever in git; /etc/pebble/ca.pem is what Traefik trusts.
set -eu
mkdir -p "$1"
cd "$1"
scratch="$(mktemp -d)"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Local ACME authority's issuer" \
    -addext "basicConstraints=critical,CA:true,pathlen:0" -addext "keyUsage=critical,keyCertSign" \
    -keyout "$scratch/ca.key" -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=pebble" -keyout server.key -out "$scratch/server.csr"
cat > "$scratch/extensions" << 'EXTENSIONS'
subjectAltName = DNS:pebble, DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
EXTENSIONS
openssl x509 -req -in "$scratch/server.csr" -CA ca.pem -CAkey "$scratch/ca.key" -CAcreateserial -CAserial "$scratch/serial" \
    -days 3650 -extfile "$scratch/extensions" -out server.pem
chown 65534 server.key
rm -r "$scratch"
