#!/usr/bin/env bats
# Tests write scripts in single quotes, and each runs in a subshell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2088
# How loadforge.sh and baseline.sh read their parameters; LF_TEST_SHELL is the shell that they run in. The program is a
# stand-in that writes its arguments, one per line.

setup() {
  SCRIPTS=$BATS_TEST_DIRNAME/../../orb/scripts
  mkdir -p "$BATS_TEST_TMPDIR/home/bin" "$BATS_TEST_TMPDIR/work"
  cd "$BATS_TEST_TMPDIR/work" || exit
  printf '#!/bin/sh\nprintf "[%%s]\\n" "$@"\n' >"$BATS_TEST_TMPDIR/home/bin/loadforge-ci"
  chmod 755 "$BATS_TEST_TMPDIR/home/bin/loadforge-ci"
}

# Runs a script with these variables as its environment.
script() {
  read -r -a shell <<<"${LF_TEST_SHELL:-dash}"
  name=$1
  shift
  run env -i PATH="$PATH" HOME="$BATS_TEST_TMPDIR/home" LF_PARAMETERS="$(cat "$SCRIPTS/parameters.sh")" \
    LF_INSTALL_DIR="~/bin" LF_API_TOKEN=LOADFORGE_API_TOKEN LOADFORGE_API_TOKEN=s3cret LF_SKIP_FORKS=1 \
    "$@" "${shell[@]}" -e "$SCRIPTS/$name"
  echo "$output"
}

lists() { script loadforge.sh LF_COMMAND=gate "$@"; }

@test "blank lines, comment lines and <nil> in a list count for nothing" {
  lists LF_LINES_GATE='# how fast
p95 < 500ms

   # how often it fails
  error_rate < 1%  
<nil>
'
  [ "$status" -eq 0 ]
  [ "$output" = "[gate]
[--gate=p95 < 500ms]
[--gate=error_rate < 1%]" ]
}

@test "variables are filled in, in every kind of parameter" {
  lists STAGE=blue LF_FLAG_FROM='out/${STAGE}.csv' LF_FLAG_COMMENT_KEY='${STAGE}' LF_LINES_GATE='p95 of "${STAGE}" < 1s'
  [ "$status" -eq 0 ]
  [ "$output" = '[gate]
[--comment-key=blue]
[--from=out/blue.csv]
[--gate=p95 of "blue" < 1s]' ]
}

@test "a variable that is not set, and one that holds a token, are refused by name" {
  lists LF_FLAG_FROM='${UNKNOWN}.csv'
  [ "$status" -eq 2 ]
  [[ "$output" == *'the variable UNKNOWN is not set'* ]]
  for secret in LOADFORGE_API_TOKEN GITHUB_TOKEN BOT_TOKEN CIRCLE_OIDC_TOKEN_V2; do
    lists "LF_FLAG_FROM=\${$secret}" LF_FLAG_GITHUB_TOKEN_ENV=BOT_TOKEN "$secret=s3cret"
    [ "$status" -eq 2 ]
    [[ "$output" == *"\${$secret} is used in a parameter of this step, but it is a secret"* ]]
    [[ "$output" != *s3cret* ]]
  done
}

@test "the name of a branch or a tag is somebody else's text and stays as it is" {
  for outside in CIRCLE_BRANCH CIRCLE_TAG; do
    lists "$outside"='feature/${AWS_KEY}' AWS_KEY=s3cret STAGE=blue \
      LF_FLAG_COMMENT_KEY='${STAGE} feature/${AWS_KEY} and feature/${AWS_KEY} ${STAGE}'
    [ "$status" -eq 0 ]
    [[ "$output" == *'[--comment-key=blue feature/${AWS_KEY} and feature/${AWS_KEY} blue]'* ]]
  done
}

@test "a value is not read as shell or as a pattern" {
  lists STAR='*' LF_FLAG_COMMENT_KEY='$(id) `id` $HOME "a" * ${STAR}' LF_LINES_GATE='p95 of "/*" < 1s'
  [ "$status" -eq 0 ]
  [ "$output" = '[gate]
[--comment-key=$(id) `id` $HOME "a" * *]
[--gate=p95 of "/*" < 1s]' ]
}

@test "a boolean is one of two words" {
  for yes in 1 true; do
    lists LF_SWITCH_STATUS=$yes LF_UNLESS_DETACH=$yes
    [ "$output" = "[gate]
[--status]" ]
  done
  for no in 0 false; do
    lists LF_SWITCH_STATUS=$no LF_UNLESS_DETACH=$no
    [ "$output" = "[gate]
[--detach]" ]
  done
  lists LF_SWITCH_STATUS='<nil>' LF_UNLESS_DETACH=
  [ "$output" = "[gate]" ]
  lists LF_SWITCH_STATUS=maybe
  [ "$status" -eq 2 ]
}

@test "the pull request of a fork without a token is skipped, rebuilt or not" {
  for fork in 'CIRCLE_BRANCH=pull/31' 'CIRCLE_BRANCH=pull/31/head' 'CIRCLE_PR_NUMBER=31' 'CIRCLE_PR_USERNAME=alice'; do
    script loadforge.sh LF_COMMAND=run LOADFORGE_API_TOKEN= "$fork"
    [ "$status" -eq 0 ]
    [[ "$output" == *"skipped: this is a pull request from a fork"* ]]
    script loadforge.sh LF_COMMAND=run LOADFORGE_API_TOKEN= LF_SKIP_FORKS=0 "$fork"
    [ "$status" -eq 77 ]
  done
}

@test "no other build without a token is skipped" {
  for branch in main pull/request-template pull/ feature; do
    script loadforge.sh LF_COMMAND=run LOADFORGE_API_TOKEN= "CIRCLE_BRANCH=$branch"
    [ "$status" -eq 77 ]
    [[ "$output" == *"the variable LOADFORGE_API_TOKEN is empty"* ]]
  done
  # A pull request variable on the baseline branch does not make it a pull request.
  script loadforge.sh LF_COMMAND=run LOADFORGE_API_TOKEN= CIRCLE_BRANCH=main CIRCLE_PR_NUMBER=31
  [ "$status" -eq 77 ]
  script loadforge.sh LF_COMMAND=run LOADFORGE_API_TOKEN= CIRCLE_BRANCH=trunk CIRCLE_PR_NUMBER=31 LF_CIRCLECI_BASELINE_BRANCH=trunk
  [ "$status" -eq 77 ]
}

@test "what CircleCI itself uses is refused with a variable in it, and outside the working directory" {
  lists LF_CIRCLECI_RESULTS='out/${SERVICE}' SERVICE=checkout
  [ "$status" -eq 2 ]
  [[ "$output" == *"the parameter results is 'out/\${SERVICE}', but CircleCI itself uses it"* ]]
  lists LF_CIRCLECI_BASELINE_KEY='a/b'
  [ "$status" -eq 2 ]
  [[ "$output" == *"the parameter baseline_key is 'a/b'; only letters"* ]]
  for path in /tmp/x '~/x' .. a/../b; do
    lists LF_CIRCLECI_HISTORY="$path"
    [ "$status" -eq 2 ]
    [[ "$output" == *"the parameter history is '$path'; it must be a folder below the working directory"* ]]
  done
}

@test "the program is found where it was installed: a relative folder, and the home folder without HOME" {
  mkdir -p tools bin
  cp "$BATS_TEST_TMPDIR/home/bin/loadforge-ci" tools/
  lists LF_INSTALL_DIR=tools
  [ "$output" = "[gate]" ]
  cp "$BATS_TEST_TMPDIR/home/bin/loadforge-ci" bin/
  lists HOME= LF_INSTALL_DIR="~/bin"
  [ "$output" = "[gate]" ]
  lists LF_INSTALL_DIR=nowhere
  [ "$status" -eq 2 ]
  [[ "$output" == *"there is no nowhere/loadforge-ci; the install step of this job did not run or did not finish"* ]]
}

@test "a good run of the baseline branch joins the history, with its variables filled in" {
  add() {
    script baseline.sh LF_RESULTS=loadforge-results LF_HISTORY=history LF_BASELINE_BRANCH=main STAGE=blue \
      LF_CONFIG='${STAGE}.yml' LF_TEST_NAME='<nil>' LF_PROFILE='<nil>' "$@"
  }
  add CIRCLE_BRANCH=main CIRCLE_PR_NUMBER=31 CIRCLE_WORKFLOW_JOB_ID=job-1
  [ "$status" -eq 0 ]
  [ "$output" = "[baseline]
[add]
[--results=loadforge-results]
[--history=history]
[--baseline-branch=main]
[--config=blue.yml]" ]
  [ "$(cat history/.state)" = job-1 ]
  add CIRCLE_BRANCH=feature CIRCLE_WORKFLOW_JOB_ID=job-2
  [ "$status" -eq 0 ]
  [ "$(cat history/.state)" = unchanged ]
}
