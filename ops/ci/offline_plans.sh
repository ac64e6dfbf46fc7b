#!/usr/bin/env bash
# Shows what a change means for each environment, from the synthesized JSON of two revisions: without a secret, an account,
# a state or an engine. This is the plan that a pull request from a fork gets.
# usage: ops/ci/offline_plans.sh BASE FOLDER ENVIRONMENT...
#   BASE    the git revision to compare with
#   FOLDER  gets plan-ENVIRONMENT.md for each environment
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
base=${1:?usage: ops/ci/offline_plans.sh BASE FOLDER ENVIRONMENT...}
folder=${2:?usage: ops/ci/offline_plans.sh BASE FOLDER ENVIRONMENT...}
shift 2
mkdir -p "$folder"
refused=()
for environment in "$@"; do
    say "plan of $environment against $base"
    # Refusals of one environment do not hide the others' plans.
    ops plan --env "$environment" --base "$base" --markdown "$folder/plan-$environment.md" || refused+=("$environment")
    if [[ -f $folder/plan-$environment.md ]]; then summarize "$folder/plan-$environment.md"; fi
done
if ((${#refused[@]})); then fail "a deploy refuses this for ${refused[*]}; the reasons are above"; fi
