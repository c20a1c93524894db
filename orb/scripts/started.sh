#!/bin/sh
# After a start with `wait: false`: keeps the record of the run where the workspace takes it from, in a folder of this job,
# so that two jobs of one workspace do not overwrite each other's.
set -eu

eval "$LF_PARAMETERS"
refuse_variables

started=$LF_RESULTS.started
rm -rf "$started"
mkdir -p "$started/${CIRCLE_WORKFLOW_JOB_ID:-job}"
if [ -e "$LF_RESULTS/run.json" ]; then
  cp "$LF_RESULTS/run.json" "$started/${CIRCLE_WORKFLOW_JOB_ID:-job}/run.json"
fi
