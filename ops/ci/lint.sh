#!/bin/sh
# Lints the workflows and the shell scripts: zizmor and shellcheck from .venv, actionlint by Go where Go is there.
# usage: ops/ci/lint.sh
set -eu
cd "$(dirname "$0")/../.."
bin=$PWD/.venv/bin
# renovate: datasource=go depName=github.com/rhysd/actionlint
ACTIONLINT=v1.7.12

# Go checks what it downloads against its checksum database. Kept in .venv under its version, so built once.
actionlint=$bin/actionlint-$ACTIONLINT
if [ ! -x "$actionlint" ] && command -v go >/dev/null; then
    echo "building actionlint $ACTIONLINT"
    GOBIN=$bin/go GOFLAGS=-modcacherw go install "github.com/rhysd/actionlint/cmd/actionlint@$ACTIONLINT" &&
        mv "$bin/go/actionlint" "$actionlint" && rmdir "$bin/go"
fi
if [ -x "$actionlint" ]; then
    "$actionlint" -shellcheck "$bin/shellcheck"
elif [ "${GITHUB_ACTIONS:-}" = true ]; then
    echo "error: there is no actionlint, and Go did not build it" >&2
    exit 1
else
    echo "skipped: actionlint, which Go would build (https://go.dev/doc/install)"
fi
"$bin/zizmor" --quiet --offline .github
"$bin/shellcheck" --external-sources ops/ci/*.sh ops/setup/*.sh ops/doctor/rules/*.sh .ci/run
