#!/bin/sh
# Terraform as `cdktf deploy` runs it, but for one thing: what it applies is the plan that was saved in the stack's folder and
# approved, not a new one. Terraform refuses it where the state has changed since. Set by apply.sh as TERRAFORM_BINARY_NAME.
# APPROVED_TERRAFORM: the real program.
[ "$1" = apply ] || exec "$APPROVED_TERRAFORM" "$@"
for word in "$@"; do
    case "$word" in
    apply | -auto-approve | -no-color | -parallelism=*) ;;
    *)
        echo "approved_terraform.sh: apply $word is not part of the approved plan; nothing was changed" >&2
        exit 1 ;;
    esac
done
if [ ! -s plan ]; then
    echo "approved_terraform.sh: there is no saved plan in $PWD; nothing was changed" >&2
    exit 1
fi
unset TF_CLI_ARGS TF_CLI_ARGS_apply
# The plan has the values of all variables. Where the environment has another one, Terraform prints both, also secret ones.
for name in $(env | sed -n 's/^\(TF_VAR_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
shift
for word in "$@"; do
    shift
    [ "$word" = -auto-approve ] || set -- "$@" "$word"
done
exec "$APPROVED_TERRAFORM" apply -input=false -lock-timeout=5m "$@" plan
