#!/bin/sh
# Names everything in the list that this machine lacks, all at once, with how to get it; 1 when something is missing.
# With INSTALL=yes in the environment it installs that first (ops/setup/install.sh).
# usage: ops/setup/need.sh [python] [node] [terraform] [engine] [images] [box]
# Plain sh, because it runs before there is a Python to run anything with.
PYTHON="${PYTHON:-python3}"
here="${0%/*}"
missing=""
packages=""

# lacks WHAT HOW [PACKAGE...]: what is missing, how a person gets it, and what ops/setup/install.sh would install
lacks() {
    missing="$missing
  $1
      $2"
    shift 2
    packages="$packages${*:+ }$*"
}

look() {
    missing="" packages=""
    for need in "$@"; do
        case "$need" in
        python)
            "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
                lacks "Python 3.11 or newer (tried: $PYTHON)" "apt-get install python3 python3-venv, or https://www.python.org/downloads/; PYTHON=/path/to/python3 names another one" python3
            "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
                lacks "Python's venv module" "apt-get install python3-venv" python3-venv ;;
        node)
            node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null ||
                lacks "Node.js 20 or newer" "apt-get install nodejs npm (Debian 13, Ubuntu 25.04 or newer), or https://nodejs.org/en/download" nodejs
            command -v npm >/dev/null || lacks "npm" "apt-get install npm; it comes with Node.js from nodejs.org" npm ;;
        terraform)
            if [ -n "${TERRAFORM_BINARY_NAME:-}" ]; then
                command -v "$TERRAFORM_BINARY_NAME" >/dev/null ||
                    lacks "Terraform: TERRAFORM_BINARY_NAME is $TERRAFORM_BINARY_NAME, and there is no such program" "unset TERRAFORM_BINARY_NAME, or name a program that is there"
            elif ! command -v terraform >/dev/null && ! command -v tofu >/dev/null; then
                lacks "Terraform 1.6 or newer, or OpenTofu" "https://opentofu.org/docs/intro/install, or https://developer.hashicorp.com/terraform/install" opentofu
            fi ;;
        engine)
            if ! command -v docker >/dev/null; then
                lacks "Docker Engine 20.10 or newer" "apt-get install docker.io, or https://docs.docker.com/engine/install/" engine
            elif [ "${INSTALL:-}" = yes ] && ! docker info >/dev/null 2>&1; then
                packages="$packages engine"
            fi ;;
        images)
            command -v docker-registry >/dev/null || lacks "docker-registry" "apt-get install docker-registry" docker-registry
            command -v debootstrap >/dev/null || lacks "debootstrap" "apt-get install debootstrap" debootstrap ;;
        box)
            for program in ssh ssh-keygen; do
                command -v "$program" >/dev/null || lacks "$program" "apt-get install openssh-client" openssh-client
            done
            for program in losetup blkid nsenter; do
                command -v "$program" >/dev/null || lacks "$program" "apt-get install mount util-linux" mount util-linux
            done
            command -v ip >/dev/null || lacks "ip" "apt-get install iproute2" iproute2
            [ "$(id -u)" = 0 ] || lacks "root (loop devices, network namespaces)" "run it as root, on a machine for it" ;;
        *)
            echo "need.sh: $need is not known; use python, node, terraform, engine, images, box" >&2
            exit 2 ;;
        esac
    done
}

look "$@"
if [ "${INSTALL:-}" = yes ] && [ -n "$packages" ]; then
    # shellcheck disable=SC2086  # names of packages, split on purpose
    sh "$here/install.sh" $packages || exit 1
    look "$@"
fi
[ -z "$missing" ] && exit 0
echo "This machine needs:$missing" >&2
[ -z "$packages" ] || echo "On Debian and Ubuntu, INSTALL=yes at the end of the command installs it: make up INSTALL=yes" >&2
exit 1
