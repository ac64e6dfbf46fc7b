#!/usr/bin/env bash
# Plans an environment with cdktf: a saved plan for each stack, and the report that a reviewer reads. Changes nothing.
# usage: ops/ci/plan.sh ENVIRONMENT [FOLDER]
# Leaves cdktf.out/stacks/<stack>/plan, which holds secrets, and FOLDER/plan-ENVIRONMENT.md, which does not.
# Reads the credentials and secrets of docs/runbooks/ci.md from the environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: ops/ci/plan.sh ENVIRONMENT [FOLDER]}
folder=${2:-cdktf.out/plans}
report=$folder/plan-$environment.md
umask 077

say "checks of $environment"
if [[ ${GITHUB_ACTIONS:-} == true ]]; then .venv/bin/python -m ops.ci.provider_locks check; fi
ops check --env "$environment" --deploy

SPROCKET_ENV=$environment .venv/bin/python main.py
saved=()
for stack in $(stacks); do
    say "cdktf plan $stack"
    rm -f "cdktf.out/stacks/$stack/plan"
    # Without the state's lock: a plan must not keep a deploy waiting, and needs no right to write. Terraform refuses a plan
    # that another apply has overtaken.
    TF_CLI_ARGS_plan=-lock=false ops run --env "$environment" -- npx cdktf plan "$stack" --skip-synth --no-color
    saved+=(--from "cdktf.out/stacks/$stack/plan")
done

say "report of these plans of $environment"
mkdir -p "$folder"
rm -f "$report"
refused=false
ops plan --env "$environment" "${saved[@]}" --markdown "$report" --json >"$folder/plan-$environment.json" || refused=true
if [[ -f $report ]]; then
    cat "$report"
    summarize "$report"
fi
if $refused; then fail "a deploy of $environment refuses this; the reasons are above"; fi
python3 ops/ci/planned.py "$folder/plan-$environment.json"
