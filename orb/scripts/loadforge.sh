#!/bin/sh
# Runs one command of loadforge-ci with the parameters that the orb hands over in the environment:
#
#   LF_FLAG_TEST_ID=4217     --test-id=4217
#   LF_LINES_GATE=...        --gate=... once for each line
#   LF_SWITCH_COMMENT=1      --comment
#   LF_UNLESS_DETACH=0       --detach
#
# LF_PARAMETERS holds how a parameter is read (parameters.sh). In a list, blank lines and lines that start with # count
# for nothing.
set -eu

eval "$LF_PARAMETERS"

newline='
'

refuse_variables
results=${LF_FLAG_RESULTS:-}

# The token goes by the one name that the program knows.
LOADFORGE_API_TOKEN=$(printenv "${LF_API_TOKEN:-LOADFORGE_API_TOKEN}" || :)
export LOADFORGE_API_TOKEN

# Files that a Locust of the user's own wrote are there already.
if [ "$LF_COMMAND" = wait ] && [ -n "${LF_FROM:-}" ]; then
  say "nothing to wait for: $LF_FROM is judged"
  exit 0
fi

# Whether this command gets nowhere without a token: a gate or a comment reads results that are already there.
needs_token() {
  [ "${LF_FLAG_ENGINE:-${LOADFORGE_CI_ENGINE:-}}" != local ] || return 1
  case $LF_COMMAND in
    comment | signal) return 1 ;;
    gate) [ -z "${LF_FLAG_FROM:-}" ] && [ ! -e "$results/results.json" ] ;;
  esac
}

if [ -z "$LOADFORGE_API_TOKEN" ] && needs_token; then
  if is_fork && is_true "$LF_SKIP_FORKS" skip_forks; then
    say "skipped: this is a pull request from a fork, and CircleCI gives no secrets to forks ($LF_API_TOKEN is empty). The rest of this job is skipped too."
    if command -v circleci-agent >/dev/null 2>&1; then circleci-agent step halt; fi
    exit 0
  fi
  if [ "$LF_COMMAND" != gate ]; then
    say "the variable $LF_API_TOKEN is empty. Put the LoadForge API token into a context of this job or into the project's variables, or name another variable with the parameter api_token." >&2
    exit 77
  fi
fi

program=$(program_path)
[ -x "$program" ] || refuse "there is no $program; the install step of this job did not run or did not finish"

# The default name is left to the program, which takes a GitHub App's variables first where they are set.
[ "${LF_FLAG_GITHUB_TOKEN_ENV:-}" != GITHUB_TOKEN ] || unset LF_FLAG_GITHUB_TOKEN_ENV

set -- "$LF_COMMAND"
for name in $(env | sed -n 's/^\(LF_[A-Z]*_[A-Z_]*\)=.*/\1/p' | sort -u); do
  value=$(printenv "$name" || :)
  case $value in '' | '<nil>') continue ;; esac
  flag=--$(printf '%s' "${name#LF_*_}" | tr 'A-Z_' 'a-z-')
  case $name in
    LF_FLAG_*)
      value=$(given "$value")
      set -- "$@" "$flag=$value"
      ;;
    LF_LINES_*)
      set -f
      IFS=$newline
      for line in $value; do
        line=$(trim "$line")
        case $line in '#'*) continue ;; esac
        line=$(given "$line")
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
