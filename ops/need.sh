#!/bin/sh
# Names everything in the list that this machine lacks, all at once, with how to get it; 1 when something is missing.
# usage: ops/need.sh [python] [node] [terraform] [engine] [box]
# Plain sh, because it runs before there is a Python to run anything with.
PYTHON="${PYTHON:-python3}"
missing=""

lacks() { missing="$missing
  $1
      $2"; }

for need in "$@"; do
    case "$need" in
    python)
        "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
            lacks "Python 3.11 or newer (tried: $PYTHON)" "apt-get install python3 python3-venv, or https://www.python.org/downloads/; PYTHON=/path/to/python3 names another one"
        "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
            lacks "Python's venv module" "apt-get install python3-venv" ;;
    node)
        node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null ||
            lacks "Node.js 20 or newer" "apt-get install nodejs npm (Debian 13, Ubuntu 25.04 or newer), or https://nodejs.org/en/download"
        command -v npm >/dev/null || lacks "npm" "apt-get install npm; it comes with Node.js from nodejs.org" ;;
    terraform)
        command -v terraform >/dev/null ||
            lacks "Terraform 1.6 or newer" "https://developer.hashicorp.com/terraform/install" ;;
    engine)
        command -v docker >/dev/null ||
            lacks "Docker Engine 20.10 or newer" "apt-get install docker.io, or https://docs.docker.com/engine/install/" ;;
    box)
        for program in ssh ssh-keygen; do
            command -v "$program" >/dev/null || lacks "$program" "apt-get install openssh-client"
        done
        for program in losetup blkid nsenter; do
            command -v "$program" >/dev/null || lacks "$program" "apt-get install mount util-linux"
        done
        command -v ip >/dev/null || lacks "ip" "apt-get install iproute2"
        [ "$(id -u)" = 0 ] || lacks "root (loop devices, network namespaces)" "run it as root, on a machine for it" ;;
    *)
        echo "need.sh: $need is not known; use python, node, terraform, engine, box" >&2
        exit 2 ;;
    esac
done

[ -z "$missing" ] && exit 0
echo "This machine lacks:$missing" >&2
exit 1
