#!/bin/sh
# After a gate that passed: on the baseline branch the run joins the history that the next step saves in the cache.
#
# The cache key ends with the checksum of .state below, so a job that adds nothing saves nothing new, and with the
# branch that CircleCI itself fills in before it, so a pull request never writes under the baseline branch's name.
set -eu

eval "$LF_PARAMETERS"
refuse_variables

mkdir -p "$LF_HISTORY"
echo unchanged >"$LF_HISTORY/.state"

if [ "${CIRCLE_BRANCH:-}" != "$LF_BASELINE_BRANCH" ]; then
  say "the baseline is the history of $LF_BASELINE_BRANCH; this run (${CIRCLE_BRANCH:-${CIRCLE_TAG:-no branch}}) is not added"
  exit 0
fi

config=$(given "$LF_CONFIG")
name=$(given "$LF_TEST_NAME")
profile=$(given "$LF_PROFILE")
set -- baseline add "--results=$LF_RESULTS" "--history=$LF_HISTORY" "--baseline-branch=$LF_BASELINE_BRANCH"
[ -z "$config" ] || set -- "$@" "--config=$config"
[ -z "$name" ] || set -- "$@" "--name=$name"
[ -z "$profile" ] || set -- "$@" "--profile=$profile"

# A history that could not be extended is worth a line in the log, never a red build.
if "$(program_path)" "$@"; then
  echo "${CIRCLE_WORKFLOW_JOB_ID:-$(date +%s)}" >"$LF_HISTORY/.state"
else
  say 'this run was not added to the baseline; the verdict does not change'
fi
