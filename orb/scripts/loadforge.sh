#!/bin/sh
# Runs one command of loadforge-ci with the parameters that the orb hands over in the environment:
#
#   LF_FLAG_TEST_ID=4217     --test-id=4217
#   LF_LINES_GATE=...        --gate=... once for each line
#   LF_SWITCH_COMMENT=1      --comment
#   LF_UNLESS_DETACH=0       --detach
#
# An empty value, and the `<nil>` that CircleCI makes of an empty pipeline value, counts as unset.
# ${NAME} in a value becomes the value of that variable; one that is not set is an error. The comment key is taken as it is.
set -eu

say() { printf 'loadforge-ci: %s\n' "$*"; }

fail() {
  say "$2" >&2
  exit "$1"
}

newline='
'

# shellcheck disable=SC2016 # the braces below are text to look for, not variables
expand() {
  rest=$1 text=
  while :; do
    case $rest in *'${'*'}'*) ;; *) break ;; esac
    text=$text${rest%%'${'*}
    rest=${rest#*'${'}
    name=${rest%%'}'*}
    rest=${rest#*'}'}
    text=$text$(printenv "$name") || fail 2 "\${$name} is used in a parameter of this step, but the variable $name is not set"
  done
  printf '%s' "$text$rest"
}

trim() {
  text=${1#"${1%%[![:space:]]*}"}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

is_true() {
  case $1 in
    1 | true) return 0 ;;
    0 | false | '' | '<nil>') return 1 ;;
    *) fail 2 "$2 is '$1'; a boolean is 1, 0, true or false" ;;
  esac
}

results=${LF_FLAG_RESULTS:-}
case $results in
  /* | '~'* | .. | ../* | */../* | */..)
    fail 2 "the parameter results is '$results'; it must be a folder below the working directory, because the job stores it as an artifact by that path" ;;
esac

# The token goes by the one name that the program knows.
LOADFORGE_API_TOKEN=$(printenv "${LF_API_TOKEN:-LOADFORGE_API_TOKEN}" || :)
export LOADFORGE_API_TOKEN

# Whether this command gets nowhere without a token: a gate or a comment reads results that are already there.
needs_token() {
  [ "${LF_FLAG_ENGINE:-${LOADFORGE_CI_ENGINE:-}}" != local ] || return 1
  case $LF_COMMAND in
    comment) return 1 ;;
    gate) [ -z "${LF_FLAG_FROM:-}" ] && [ ! -e "$results/results.json" ] ;;
  esac
}

if [ -z "$LOADFORGE_API_TOKEN" ] && needs_token; then
  if [ -n "${CIRCLE_PR_NUMBER:-}${CIRCLE_PR_USERNAME:-}" ] && is_true "$LF_SKIP_FORKS" skip_forks; then
    say "skipped: this is a pull request from a fork, and CircleCI gives no secrets to forks ($LF_API_TOKEN is empty). The rest of this job is skipped too."
    if command -v circleci-agent >/dev/null 2>&1; then circleci-agent step halt; fi
    exit 0
  fi
  [ "$LF_COMMAND" = gate ] ||
    fail 77 "the variable $LF_API_TOKEN is empty. Put the LoadForge API token into a context of this job or into the project's variables, or name another variable with the parameter api_token."
fi

program=$LF_INSTALL_DIR/loadforge-ci
# A tilde in a parameter reaches the script as it is.
# shellcheck disable=SC2088
case $program in
  '~/'*)
    [ -n "${HOME:-}" ] || fail 2 "the path $program needs the variable HOME, which is not set in this image"
    program=$HOME/${program#'~/'}
    ;;
esac
[ -x "$program" ] || fail 2 "there is no $program; the install step of this job did not run or did not finish"

# The default name is left to the program, which takes a GitHub App's variables first where they are set.
[ "${LF_FLAG_GITHUB_TOKEN_ENV:-}" != GITHUB_TOKEN ] || unset LF_FLAG_GITHUB_TOKEN_ENV

set -- "$LF_COMMAND"
for name in $(env | sed -n 's/^\(LF_[A-Z]*_[A-Z_]*\)=.*/\1/p' | sort -u); do
  value=$(printenv "$name" || :)
  case $value in '' | '<nil>') continue ;; esac
  flag=--$(printf '%s' "${name#LF_*_}" | tr 'A-Z_' 'a-z-')
  case $name in
    # The key may hold the name of a branch, which somebody else has chosen: `feature/${GITHUB_TOKEN}` stays as it is.
    LF_FLAG_COMMENT_KEY) set -- "$@" "$flag=$value" ;;
    LF_FLAG_*)
      value=$(expand "$value")
      set -- "$@" "$flag=$value"
      ;;
    LF_LINES_*)
      set -f
      IFS=$newline
      for line in $value; do
        line=$(expand "$(trim "$line")")
        [ -z "$line" ] || set -- "$@" "$flag=$line"
      done
      unset IFS
      set +f
      ;;
    LF_SWITCH_*) if is_true "$value" "$name"; then set -- "$@" "$flag"; fi ;;
    LF_UNLESS_*) if is_true "$value" "$name"; then :; else set -- "$@" "$flag"; fi ;;
  esac
done
exec "$program" "$@"
