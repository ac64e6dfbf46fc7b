#!/usr/bin/env bash
# Takes new images into images.lock.yaml, and writes what follows from it: the reviewed stacks and the table of services.
# usage: ops/ci/promotion.sh [RUN]
#   RUN  a run of SprocketBot/sprocket, whose bill of materials is taken; without it prod gets what staging runs
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
run=${1:-}
if [[ -n $run ]]; then
    [[ $run =~ ^[0-9]+$ ]] || fail "a run has a number, not ${run@Q}"
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    gh run download "$run" --repo SprocketBot/sprocket --name bom-main --dir "$folder"
    ops images take "$folder"/*.json
else
    ops promote staging prod
fi
UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest --quiet tests/stacks
