#!/bin/sh
# Puts this orb's release of loadforge-ci into the install folder, once, and only after its SHA-256 matched.
#
# LF_RELEASE      the release this orb was packed for: version, download URL, and for each platform the SHA-256 of
#                 the archive and of the program in it
# LF_MIRROR_URL   download from here instead
# LF_INSTALL_DIR  the install folder
# LF_BINARY       use this program instead: nothing is downloaded
set -eu

say() { printf 'loadforge-ci: %s\n' "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# What an empty pipeline value becomes, `<nil>`, counts as unset.
value() { case $1 in '<nil>') ;; *) printf '%s' "$1" ;; esac; }

field() { printf '%s\n' "$LF_RELEASE" | sed -n "s/^$1 //p"; }

platform() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=macos ;;
    *) fail "there is no build for $(uname -s); Linux and macOS are supported. Build it from source and name it with the orb's parameter binary." ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=amd64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) fail "there is no build for $(uname -m); amd64 and arm64 are supported. Build it from source and name it with the orb's parameter binary." ;;
  esac
  platform=$system-$machine
}

find_hasher() {
  if command -v sha256sum >/dev/null 2>&1; then
    hasher='sha256sum'
  elif command -v shasum >/dev/null 2>&1; then
    hasher='shasum -a 256'
  else
    fail 'neither sha256sum nor shasum is in this image, so the download cannot be verified and is not started. Install coreutils (or perl for shasum).'
  fi
}

# $hasher is a command with its arguments.
# shellcheck disable=SC2086
sha256() { $hasher <"$1" | cut -d ' ' -f 1; }

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --connect-timeout 20 --max-time 600 --output "$2" "$1"
  else
    # No -T: the wget of BusyBox 1.35 (Alpine 3.16) crashes on it.
    wget -q -O "$2" "$1"
  fi
}

download() {
  command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 ||
    fail 'neither curl nor wget is in this image. Install one of them, or name a program that is already there with the parameter binary.'
  for pause in 1 2 4 0; do
    fetch "$1" "$2" && return
    [ "$pause" = 0 ] || {
      say "$1 did not answer; again in $pause s" >&2
      sleep "$pause"
    }
  done
  fail "could not download $1 in 4 attempts. Check that this job may reach it, or name a mirror with the parameter mirror_url."
}

# Compares a file's SHA-256 with the pinned one; a mismatch ends the job, and the trap removes what was downloaded.
verify() {
  actual=$(sha256 "$1")
  [ "$actual" = "$2" ] && return
  page=
  # An HTML page starts with `<`; an archive never does.
  if [ "$(head -c 1 "$1")" = '<' ]; then page=' The server answered with a web page instead of the file.'; fi
  fail "SHA-256 of $3 is $actual, but this orb was packed for $2.$page Nothing from it was executed or kept."
}

# Later steps of the job find the program by name. CircleCI loads BASH_ENV in bash only; this orb's own steps
# do not need it.
add_to_path() {
  [ -n "${BASH_ENV:-}" ] || return 0
  # $PATH is for the shell that reads the file.
  # shellcheck disable=SC2016
  line=$(printf 'export PATH=%s:"$PATH"' "'$(printf '%s' "$1" | sed "s/'/'\\\\''/g")'")
  grep -qsxF "$line" "$BASH_ENV" || printf '%s\n' "$line" >>"$BASH_ENV"
}

folder=$(value "${LF_INSTALL_DIR:-}")
# A tilde in a parameter reaches the script as it is.
# shellcheck disable=SC2088
case $folder in '~/'*) folder=$HOME/${folder#'~/'} ;; esac
program=$folder/loadforge-ci
work=
# However this script fails, no program that it has not verified stays behind for a later step to run.
finish() {
  status=$?
  rm -rf "$work"
  [ "$status" = 0 ] || rm -f "$program"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
writable() { mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ]; }
refused="cannot write to $folder. Name another folder with the parameter install_dir."

binary=$(value "${LF_BINARY:-}")
if [ -n "$binary" ]; then
  if [ ! -f "$binary" ] || [ ! -x "$binary" ]; then fail "the parameter binary names $binary, which is not an executable file"; fi
  writable || fail "$refused"
  ln -sf "$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")" "$program"
  add_to_path "$folder"
  say "using $binary, unverified ($("$program" --version)); this orb was packed for $(field version)"
  exit 0
fi

platform
find_hasher
# The two hashes of this platform.
# shellcheck disable=SC2046
set -- $(field "$platform")
archive_sum=${1:-} program_sum=${2:-}
case ${#archive_sum}-${#program_sum} in
  64-64) ;;
  *) fail "this orb was packed without the checksums of a release for $platform, so nothing can be verified. Use a published version of the orb, or name a program with the parameter binary." ;;
esac

if [ -f "$program" ]; then
  if [ -x "$program" ] && [ "$(sha256 "$program")" = "$program_sum" ]; then
    say "$(field version) is already in $folder, SHA-256 verified"
    add_to_path "$folder"
    exit 0
  fi
  say "$program is not the program of version $(field version); it is replaced"
  rm -f "$program"
fi

writable || fail "$refused"
work=$(mktemp -d "$folder/download.XXXXXX")

base=$(value "${LF_MIRROR_URL:-}")
[ -n "$base" ] || base=$(field url)
archive=loadforge-ci-$(field version)-$platform.tar.gz
download "${base%/}/$archive" "$work/$archive"
verify "$work/$archive" "$archive_sum" "$archive"
tar -xzf "$work/$archive" -C "$work" loadforge-ci
verify "$work/loadforge-ci" "$program_sum" "loadforge-ci in $archive"
chmod 755 "$work/loadforge-ci"
mv -f "$work/loadforge-ci" "$program"
add_to_path "$folder"
say "$(field version) for $platform installed in $folder, SHA-256 verified"
