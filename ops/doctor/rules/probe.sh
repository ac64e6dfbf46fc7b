# shellcheck shell=sh
# shellcheck disable=SC2016  # the inner programs expand their own arguments
# For each pair NAME PORT: "NAME PORT resolved|unresolved|unknown connected|refused|unknown". Port 0: the name only. With whatever the image has.
has() { command -v "$1" >/dev/null 2>&1; }
limited() { if has timeout; then timeout 5 "$@"; else "$@"; fi; }
resolves() {
  if has getent; then limited getent hosts "$1" >/dev/null 2>&1
  elif has python3; then limited python3 -c 'import socket, sys; socket.getaddrinfo(sys.argv[1], None)' "$1" >/dev/null 2>&1
  elif has node; then limited node -e 'require("dns").lookup(process.argv[1], e => process.exit(e ? 1 : 0))' "$1" >/dev/null 2>&1
  elif has nslookup; then limited nslookup "$1" >/dev/null 2>&1
  else return 9; fi
}
connects() {
  if has bash; then limited bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" >/dev/null 2>&1
  elif has python3; then limited python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)' "$1" "$2" >/dev/null 2>&1
  elif has node; then limited node -e 'require("net").connect(+process.argv[2], process.argv[1]).on("connect", () => process.exit(0)).on("error", () => process.exit(1))' "$1" "$2" >/dev/null 2>&1
  elif has nc; then limited nc -z -w 3 "$1" "$2" >/dev/null 2>&1
  else return 9; fi
}
while [ $# -gt 1 ]; do
  resolves "$1"
  case $? in 0) name=resolved ;; 9) name=unknown ;; *) name=unresolved ;; esac
  port=unknown
  if [ "$2" != 0 ] && [ $name != unresolved ]; then
    connects "$1" "$2"
    case $? in 0) port=connected ;; 9) port=unknown ;; *) port=refused ;; esac
  fi
  echo "$1 $2 $name $port"
  shift 2
done
exit 0
