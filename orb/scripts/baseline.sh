#!/bin/sh
# After a gate that passed: on the baseline branch the run joins the history that the next step saves in the cache.
#
# The cache key ends with the checksum of .state below, so a job that adds nothing saves nothing new, and with the
# branch that CircleCI itself fills in before it, so a pull request never writes under the baseline branch's name.
set -eu

say() { printf 'loadforge-ci: %s\n' "$*"; }

case $LF_BASELINE_KEY in
  *[!A-Za-z0-9_-]*)
    say "the parameter baseline_key is '$LF_BASELINE_KEY'; only letters, digits, _ and - keep two histories apart" >&2
    exit 2
    ;;
esac

mkdir -p "$LF_HISTORY"
echo unchanged >"$LF_HISTORY/.state"

if [ "${CIRCLE_BRANCH:-}" != "$LF_BASELINE_BRANCH" ] || [ -n "${CIRCLE_PR_NUMBER:-}" ]; then
  say "the baseline is the history of $LF_BASELINE_BRANCH; this run (${CIRCLE_BRANCH:-${CIRCLE_TAG:-no branch}}) is not added"
  exit 0
fi

program=$LF_INSTALL_DIR/loadforge-ci
# A tilde in a parameter reaches the script as it is.
# shellcheck disable=SC2088
case $program in '~/'*) program=$HOME/${program#'~/'} ;; esac

set -- baseline add "--results=$LF_RESULTS" "--history=$LF_HISTORY" "--baseline-branch=$LF_BASELINE_BRANCH"
[ -z "$LF_CONFIG" ] || [ "$LF_CONFIG" = '<nil>' ] || set -- "$@" "--config=$LF_CONFIG"
[ -z "$LF_PROFILE" ] || [ "$LF_PROFILE" = '<nil>' ] || set -- "$@" "--profile=$LF_PROFILE"

# A history that could not be extended is worth a line in the log, never a red build.
if "$program" "$@"; then
  echo "${CIRCLE_WORKFLOW_JOB_ID:-$(date +%s)}" >"$LF_HISTORY/.state"
else
  say 'this run was not added to the baseline; the verdict stands'
fi
