#!/usr/bin/env bash
# A saved plan holds secrets, and everybody can read the artifacts of a public repository. So plans travel from the job that
# makes them to the job that applies them encrypted and signed off by their checksum.
# usage: ops/ci/sealed_plan.sh seal FILE            prints the checksum
#        ops/ci/sealed_plan.sh open FILE CHECKSUM   puts the plans where ops/ci/apply.sh takes them
# PLAN_PASSPHRASE: at least 32 characters, the same in both jobs.
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
usage="usage: ops/ci/sealed_plan.sh seal FILE | open FILE CHECKSUM"
verb=${1:?$usage}
file=${2:?$usage}
passphrase=${PLAN_PASSPHRASE:-}
((${#passphrase} >= 32)) || fail "PLAN_PASSPHRASE has fewer than 32 characters; make one with: openssl rand -hex 32"
umask 077
work=$(mktemp -d)
trap 'gpgconf --homedir "$work" --kill all 2>/dev/null || true; rm -rf "$work"' EXIT

encryption() {
    gpg --homedir "$work" --batch --quiet --no-tty --pinentry-mode loopback --passphrase-fd 3 "$@" 3< <(printf %s "$passphrase")
}

case "$verb" in
seal)
    files=(cdktf.out/manifest.json)
    for stack in $(stacks); do
        files+=("cdktf.out/stacks/$stack"/{cdk.tf.json,plan,.terraform.lock.hcl})
    done
    tar --create --gzip --file "$work/plans" "${files[@]}"
    rm -f "$file"
    encryption --symmetric --cipher-algo AES256 --output "$file" "$work/plans"
    sha256sum "$file" | cut -d ' ' -f 1
    ;;
open)
    checksum=${3:?$usage}
    [[ $(sha256sum "$file" | cut -d ' ' -f 1) == "$checksum" ]] || fail "$file is not the plan that was approved: its checksum is another one"
    encryption --decrypt --output "$work/plans" "$file" || fail "$file cannot be decrypted with this PLAN_PASSPHRASE"
    rm -rf cdktf.out
    tar --extract --gzip --file "$work/plans" cdktf.out
    ;;
*) fail "$usage" ;;
esac
