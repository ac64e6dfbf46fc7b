#!/usr/bin/env bash
# Makes a pull request of what a job changed in the work tree; nothing where it changed nothing.
# usage: ops/ci/proposal.sh BRANCH TITLE PATH...
# GH_TOKEN: may write contents and pull requests of this repository.
set -euo pipefail
cd "$(dirname "$0")/../.."
. ops/ci/stacks.sh
usage="usage: ops/ci/proposal.sh BRANCH TITLE PATH..."
branch=${1:?$usage} title=${2:?$usage}
shift 2
git add -- "$@"
if git diff --cached --quiet; then
    say "no change to propose"
    exit 0
fi
git diff --cached --stat
git switch --quiet --force-create "$branch"
git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
    commit --quiet --message "$title"
# The checkout kept no credentials: git asks gh for them, for this one push.
git -c credential.helper='!gh auth git-credential' push --quiet --force origin "HEAD:refs/heads/$branch"
if [[ -z $(gh pr list --head "$branch" --state open --json number --jq '.[].number') ]]; then
    gh pr create --head "$branch" --title "$title" --body "Made by the workflow ${GITHUB_WORKFLOW:-proposal}. Close and reopen it to start its checks: a pull request that a workflow makes starts none."
fi
