#!/bin/sh
# Installs packages by apt-get, after saying which, and starts the engine. For Debian and Ubuntu, as root.
# usage: ops/setup/install.sh [engine] [opentofu] [package...]
#   engine: Debian's Docker Engine, and waits until it answers
#   opentofu: OpenTofu, from its own package source, which is added where apt does not know it
set -eu

fail() {
    echo "cannot install: $1" >&2
    exit 1
}

# quietly WHAT COMMAND...: shows what the command printed only when it fails
quietly() {
    what="$1"
    shift
    echo "installing: $what"
    if ! "$@" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        fail "$what failed; the reason is above"
    fi
}

apt() { env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends "$@"; }

knows() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

# As https://opentofu.org/docs/intro/install/deb has it.
add_opentofu_source() {
    url=https://packages.opentofu.org/opentofu/tofu
    keys=/etc/apt/keyrings
    install -d -m 0755 $keys &&
        curl -fsS --max-time 60 https://get.opentofu.org/opentofu.gpg | tee $keys/opentofu.gpg >/dev/null &&
        curl -fsS --max-time 60 $url/gpgkey | gpg --batch --dearmor | tee $keys/opentofu-repo.gpg >/dev/null &&
        [ -s $keys/opentofu.gpg ] && [ -s $keys/opentofu-repo.gpg ] &&
        echo "deb [signed-by=$keys/opentofu.gpg,$keys/opentofu-repo.gpg] $url/any/ any main" |
        tee /etc/apt/sources.list.d/opentofu.list >/dev/null &&
        apt update
}

start_engine() {
    docker info >/dev/null 2>&1 && return
    echo "starting the engine"
    if [ -d /run/systemd/system ]; then
        systemctl start docker || fail "the engine does not start; see its log: journalctl -u docker"
    elif ! service docker start >"$log" 2>&1; then
        # A container or a machine with fewer rights: the script's ulimit fails, the engine does not need it.
        setsid dockerd </dev/null >/var/log/dockerd.log 2>&1 &
    fi
    for _ in $(seq 60); do
        docker info >/dev/null 2>&1 && return
        sleep 1
    done
    fail "the engine does not answer after 60 s; docker info says why, or its log: /var/log/dockerd.log"
}

command -v apt-get >/dev/null || fail "INSTALL=yes needs apt-get (Debian, Ubuntu); elsewhere install by hand what is named above"
[ "$(id -u)" = 0 ] || fail "INSTALL=yes needs root, for packages, for a new engine and for debootstrap; run the same command as root"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

engine=false packages=""
for each in "$@"; do
    case "$each" in
    engine)
        engine=true
        command -v dockerd >/dev/null || packages="$packages docker.io" ;;
    opentofu)
        knows tofu || quietly "the list of packages" apt update
        knows tofu || quietly "curl, gpg for OpenTofu's keys" apt install ca-certificates curl gnupg
        knows tofu || quietly "OpenTofu's package source" add_opentofu_source
        packages="$packages tofu" ;;
    *) packages="$packages $each" ;;
    esac
done
if [ -n "$packages" ]; then
    echo "INSTALL=yes: these packages will be installed:$packages"
    quietly "the list of packages" apt update
    # shellcheck disable=SC2086  # names of packages, split on purpose
    quietly "the packages" apt install $packages
fi
if $engine; then start_engine; fi
