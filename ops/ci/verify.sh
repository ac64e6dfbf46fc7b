#!/usr/bin/env bash
# Ends a deploy by cdktf: the next plan must be empty, the services converge, the release is recorded, the smoke test passes, the
# state is copied to the backups.
# usage: ops/ci/verify.sh ENVIRONMENT
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: ops/ci/verify.sh ENVIRONMENT}
failed=()

say "the next plan of $environment"
next=cdktf.out/next
mkdir -p "$next"
if ops plan --env "$environment" --out "$next/plan" --json >"$next/plan.json" && python3 ops/ci/planned.py --empty "$next/plan.json"; then
    # A plan without changes: this waits until the services have converged, and records the release.
    ops deploy --env "$environment" --plan "$next/plan" --yes || failed+=(convergence)
else
    failed+=("the next plan is not empty")
fi
rm -rf "$next"
say "smoke of $environment"
ops smoke --env "$environment" || failed+=(smoke)
say "the state of $environment"
ops backup --env "$environment" --state || failed+=("the copy of the state")
if ((${#failed[@]})); then
    printf -v list ', %s' "${failed[@]}"
    fail "$environment was deployed, but failed: ${list:2}"
fi
