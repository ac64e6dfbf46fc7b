# Sourced by the scripts beside it: the stacks of the environment that was synthesized last.
# shellcheck shell=bash

# Neither cdktf nor Terraform asks for newer versions of itself, and cdktf keeps no log beside the stacks.
export CHECKPOINT_DISABLE=1 CDKTF_DISABLE_LOGGING=true

ops() { .venv/bin/python -m ops "$@"; }

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# stacks: their names, in the order in which they are deployed: <environment>-cloud, then <environment>-services.
stacks() {
    .venv/bin/python -c 'import json; print(*sorted(json.load(open("cdktf.out/manifest.json"))["stacks"]), sep="\n")'
}

# summarize FILE: shows it on the page of the job, where there is one.
summarize() {
    if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$1" >>"$GITHUB_STEP_SUMMARY"; fi
}
