#!/usr/bin/env bash
# Reads every backup of an environment back, beside the running platform.
# usage: ops/ci/drill.sh ENVIRONMENT
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: ops/ci/drill.sh ENVIRONMENT}
ops drill --env "$environment"
