#!/usr/bin/env bash
# Looks at an environment every night: what somebody changed by hand, how old its backups are, who can read its state. Changes nothing.
# usage: ops/ci/nightly.sh ENVIRONMENT
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: ops/ci/nightly.sh ENVIRONMENT}
failed=()
# One finding does not hide the other.
say "drift of $environment"
ops drift --env "$environment" || failed+=(drift)
say "backups of $environment"
ops backup list --env "$environment" || failed+=(backups)
say "state of $environment"
ops state check --env "$environment" || failed+=(state)
if ((${#failed[@]})); then fail "$environment: ${failed[*]}; see above"; fi
