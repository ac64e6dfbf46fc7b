# Sourced by the scripts beside it. Puts the private key in DEPLOY_SSH_KEY into an agent that lives as long as the script, and
# takes it out of the environment of everything that the script starts.
# shellcheck shell=bash
if [[ -n ${DEPLOY_SSH_KEY:-} ]]; then
    eval "$(ssh-agent -s)" >/dev/null
    trap 'ssh-agent -k >/dev/null' EXIT
    ssh-add -q - <<<"$DEPLOY_SSH_KEY"
    unset DEPLOY_SSH_KEY
fi
