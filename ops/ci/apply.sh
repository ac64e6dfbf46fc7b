#!/usr/bin/env bash
# Applies the plans that ops/ci/plan.sh saved, with cdktf: those and no others, each once.
# usage: CONFIRM=ENVIRONMENT ops/ci/apply.sh ENVIRONMENT
# Terraform refuses a plan where the state has changed since it was made. Then plan again.
# OBSERVE: seconds for which the pages are watched, 0 for none. WITHOUT_COPY=true: no copy of a database before its migration.
# NO_TRIAL_BOOT=true: new images are not booted beforehand. NO_PULL_AHEAD=true: nor pulled to the nodes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
. ops/ci/ssh_agent.sh
environment=${1:?usage: CONFIRM=ENVIRONMENT ops/ci/apply.sh ENVIRONMENT}
[[ ${CONFIRM:-} == "$environment" ]] || fail "this changes $environment: confirm with CONFIRM=$environment; nothing was changed"
names=$(stacks)
for stack in $names; do
    [[ $stack == "$environment"-* ]] || fail "the saved plans are of $stack, not of $environment; nothing was changed"
    [[ -s cdktf.out/stacks/$stack/plan ]] || fail "there is no saved plan of $stack; run ops/ci/plan.sh $environment; nothing was changed"
done
options=()
if [[ -n ${OBSERVE:-} ]]; then
    [[ $OBSERVE =~ ^[0-9]+$ ]] || fail "OBSERVE=$OBSERVE: use a number of seconds; nothing was changed"
    options+=(--observe "$OBSERVE")
fi
if [[ ${WITHOUT_COPY:-} == true ]]; then options+=(--without-copy); fi
if [[ ${NO_TRIAL_BOOT:-} == true ]]; then options+=(--no-trial-boot); fi
if [[ ${NO_PULL_AHEAD:-} == true ]]; then options+=(--no-pull-ahead); fi
terraform=${TERRAFORM_BINARY_NAME:-terraform}
if [[ -z ${TERRAFORM_BINARY_NAME:-} ]] && ! command -v terraform >/dev/null; then terraform=tofu; fi
for stack in $names; do
    say "cdktf deploy $stack"
    deploy=(env "APPROVED_TERRAFORM=$terraform" "TERRAFORM_BINARY_NAME=$PWD/ops/ci/approved_terraform.sh" "SPROCKET_ENV=$environment"
        npx cdktf deploy "$stack" --skip-synth --auto-approve --no-color)
    if [[ $stack == *-services ]]; then
        # Around it: the trial boot of new images, the copy before a migration, convergence, a look at the pages, the way back where one is lost, the release.
        deploy=(ops run --env "$environment" --applies "cdktf.out/stacks/$stack/plan" "${options[@]}" -- "${deploy[@]}")
    fi
    applied=true
    "${deploy[@]}" || applied=false
    # It has every password, and is of no use any more.
    rm "cdktf.out/stacks/$stack/plan"
    $applied || exit 1
    if [[ $stack == *-cloud ]]; then
        say "nodes of $environment"
        ops ready --env "$environment" --wait 900 --write
    fi
done
