# shellcheck shell=sh
# What the orb's scripts share: reading a parameter, the same way in every step. Each script gets this text in
# LF_PARAMETERS and evaluates it first. POSIX sh.
#
# An empty value, and the `<nil>` that CircleCI makes of an empty pipeline value, counts as unset. ${NAME} becomes the
# value of that variable. A branch or tag in a value is somebody else's text and stays as it is.

say() { printf 'loadforge-ci: %s\n' "$*"; }

# Ends the step: the parameter is wrong.
refuse() {
  say "$*" >&2
  exit 2
}

# The value with its variables, or nothing where it is unset. It ends the step, so call it as value=$(given ...).
given() { case $1 in '<nil>') ;; *) expand "$1" ;; esac; }

# shellcheck disable=SC2016 # the braces below are text to look for, not variables
expand() {
  for outside in "${CIRCLE_BRANCH:-}" "${CIRCLE_TAG:-}"; do
    case $outside in
      *'${'*'}'*)
        case $1 in
          *"$outside"*)
            expand_variables "${1%%"$outside"*}"
            printf '%s' "$outside"
            expand "${1#*"$outside"}"
            return
            ;;
        esac
        ;;
    esac
  done
  expand_variables "$1"
}

# shellcheck disable=SC2016
expand_variables() {
  rest=$1 text=
  while :; do
    case $rest in *'${'*'}'*) ;; *) break ;; esac
    text=$text${rest%%'${'*}
    rest=${rest#*'${'}
    name=${rest%%'}'*}
    rest=${rest#*'}'}
    case $name in
      "${LF_API_TOKEN:-LOADFORGE_API_TOKEN}" | "${LF_FLAG_GITHUB_TOKEN_ENV:-GITHUB_TOKEN}" | LOADFORGE_API_TOKEN | GITHUB_TOKEN | LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY | CIRCLE_OIDC_TOKEN*)
        refuse "\${$name} is used in a parameter of this step, but it is a secret, and parameters are printed. For the load test's script, list the name alone in env." ;;
    esac
    text=$text$(printenv "$name") || refuse "\${$name} is used in a parameter of this step, but the variable $name is not set"
  done
  printf '%s' "$text$rest"
}

trim() {
  trimmed=${1#"${1%%[![:space:]]*}"}
  printf '%s' "${trimmed%"${trimmed##*[![:space:]]}"}"
}

# Whether the boolean $1 of the parameter $2 is true.
is_true() {
  case $1 in
    1 | true) return 0 ;;
    0 | false | '' | '<nil>') return 1 ;;
    *) refuse "$2 is '$1'; a boolean is 1, 0, true or false" ;;
  esac
}

# A path whose leading ~/ is the home folder. A tilde in a parameter reaches a script as it is. Without HOME it is the
# working directory, which is the same in every step.
# shellcheck disable=SC2088
home_path() {
  case $1 in
    '~/'*)
      if [ -n "${HOME:-}" ]; then printf '%s' "$HOME/${1#'~/'}"; else printf '%s' "$PWD/${1#'~/'}"; fi ;;
    *) printf '%s' "$1" ;;
  esac
}

# The path of the program in the install folder.
program_path() { printf '%s/loadforge-ci' "$(home_path "$(given "${LF_INSTALL_DIR:-}")")"; }

# Whether this is the build of a pull request from a fork. CircleCI builds one on the branch pull/N, which a rebuild may
# carry alone. A pull request variable on the baseline branch does not make it one.
is_fork() {
  case ${CIRCLE_BRANCH:-} in
    pull/*)
      number=${CIRCLE_BRANCH#pull/}
      case ${number%/head} in '' | *[!0-9]*) ;; *) return 0 ;; esac
      ;;
    "${LF_CIRCLECI_BASELINE_BRANCH:-${LF_FLAG_BASELINE_BRANCH:-main}}") return 1 ;;
  esac
  [ -n "${CIRCLE_PR_NUMBER:-}${CIRCLE_PR_USERNAME:-}" ]
}

# Refuses what CircleCI itself would take literally, before anything is paid for: artifact paths, cache keys and working
# directories are not expanded. The job hands these parameters over as LF_CIRCLECI_<PARAMETER>.
refuse_variables() {
  for parameter in $(env | sed -n 's/^LF_CIRCLECI_\([A-Z_]*\)=.*/\1/p' | sort -u); do
    value=$(printenv "LF_CIRCLECI_$parameter" || :)
    # shellcheck disable=SC2018,SC2019 # a parameter's name has ASCII letters alone
    parameter=$(printf '%s' "$parameter" | tr 'A-Z' 'a-z')
    case $value in
      *'$'[A-Za-z_'{']*)
        refuse "the parameter $parameter is '$value', but CircleCI itself uses it and does not expand variables there. Write the value itself, or a pipeline parameter." ;;
    esac
    case $parameter in
      results | history)
        case $value in
          /* | '~'* | .. | ../* | */../* | */..)
            refuse "the parameter $parameter is '$value'; it must be a folder below the working directory, because the job stores it by that path" ;;
        esac
        ;;
      baseline_key)
        case $value in
          *[!A-Za-z0-9_-]*) refuse "the parameter baseline_key is '$value'; only letters, digits, _ and - keep two histories apart" ;;
        esac
        ;;
    esac
  done
}
