#!/usr/bin/env bash
# Verifies an environment after a deploy: from outside, by a next plan that must be empty, and by a copy of the state.
# usage: ops/ci/verify.sh ENVIRONMENT
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: ops/ci/verify.sh ENVIRONMENT}
failed=()

say "smoke of $environment"
ops smoke --env "$environment" || failed+=("smoke")
say "the next plan of $environment"
ops plan --env "$environment" --json >cdktf.out/next-plan.json || failed+=("the next plan is refused")
python3 ops/ci/planned.py --empty cdktf.out/next-plan.json || failed+=("the next plan")
say "the state of $environment"
ops backup --env "$environment" --state || failed+=("the copy of the state")
if ((${#failed[@]})); then
    printf -v list ', %s' "${failed[@]}"
    fail "$environment was deployed, but failed: ${list:2}"
fi
