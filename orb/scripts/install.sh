#!/bin/sh
# Puts this orb's release of loadforge-ci into the install folder, once, and only after its SHA-256 matched.
#
# LF_RELEASE      the release this orb was packed for: version, download URL, and for each platform the SHA-256 of
#                 the archive and of the program in it
# LF_MIRROR_URL   download from here instead
# LF_INSTALL_DIR  the install folder
# LF_BINARY       use this program instead: nothing is downloaded
# LF_PARAMETERS   how a parameter is read (parameters.sh)
#
# Exits with 0 when the program is in place and 1 when it is not; the log says why. It removes only what it made: its
# own download, its own link and the program of an earlier run of itself. A file of somebody else under the program's
# name is renamed, not deleted.
set -eu

eval "$LF_PARAMETERS"

fail() {
  say "$*" >&2
  exit 1
}

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
  grep -qsxF "$line" "$BASH_ENV" || { printf '%s\n' "$line" >>"$BASH_ENV"; } 2>/dev/null ||
    say "cannot write to $BASH_ENV (BASH_ENV), so later steps find the program as $1/loadforge-ci, not by its name" >&2
}

# Unpacks the program of the archive $1 into the folder $2. Some images have tar, but not the gzip that it calls.
unpack() {
  command -v tar >/dev/null 2>&1 || fail 'tar is not in this image. Install it, or name a program that is already there with the parameter binary.'
  tar -xzf "$1" -C "$2" loadforge-ci 2>"$2/log" && return
  for gunzip in 'gzip -dc' 'pigz -dc' 'busybox gzip -dc' 'python3 -m gzip -d'; do
    command -v "${gunzip%% *}" >/dev/null 2>&1 || continue
    case $gunzip in
      # It writes beside the archive.
      python3*) $gunzip "$1" 2>/dev/null && tar -xf "${1%.gz}" -C "$2" loadforge-ci && return ;;
      *) $gunzip "$1" >"$2/archive.tar" 2>/dev/null && tar -xf "$2/archive.tar" -C "$2" loadforge-ci && return ;;
    esac
  done
  fail "cannot unpack $1: $(head -n 1 "$2/log"). Install gzip, or name a program that is already there with the parameter binary."
}

absolute() { printf '%s/%s' "$(CDPATH='' cd -- "$(dirname -- "$1")" && pwd)" "$(basename -- "$1")"; }

# Whether the file at $program is a link, or the program that this script put there: $made holds its SHA-256.
is_ours() { [ -L "$program" ] || { [ -f "$made" ] && [ "$(cat "$made")" = "$(sha256 "$program")" ]; }; }

# Takes the file at $program away, so that no later step runs it unverified; $1 says why.
clear_program() {
  if is_ours; then
    rm -f "$program" "$made" && say "$1"
  else
    kept=$(mktemp "$program.kept.XXXXXX") && mv -f "$program" "$kept" && say "$1, and kept as $kept"
  fi
}

refuse_variables
folder=$(given "${LF_INSTALL_DIR:-}")
# shellcheck disable=SC2088
case ${HOME:-}$folder in '~/'*) say "HOME is not set in this image: $folder is taken to be below the working directory, $PWD" >&2 ;; esac
folder=$(home_path "$folder")
[ -n "$folder" ] || fail "the parameter install_dir is empty; leave it out for its default"
program=$folder/loadforge-ci
made=$folder/.loadforge-ci.sha256
refused="cannot write to $folder. Name another folder with the parameter install_dir."
work=
hasher=false
trusted=
there() { [ -f "$program" ] || [ -L "$program" ]; }
# However this script fails, no program that it has not verified stays behind for a later step to run.
finish() {
  status=$?
  [ -z "$work" ] || rm -rf "$work"
  if [ "$status" != 0 ] && [ -z "$trusted" ] && there; then
    clear_program "$program was not verified; it is taken away" >&2 || say "$program was not verified, and cannot be taken away" >&2
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
writable() { mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ]; }

if [ -d "$program" ]; then fail "$program is a folder, and the program needs that name. Name another folder with the parameter install_dir."; fi

binary=$(given "${LF_BINARY:-}")
if [ -n "$binary" ]; then
  binary=$(home_path "$binary")
  if [ ! -f "$binary" ] || [ ! -x "$binary" ]; then fail "the parameter binary names $binary, which is not an executable file"; fi
  binary=$(absolute "$binary")
  # The program may be in the install folder already, under its own name or behind a link. All three shells know -ef.
  # shellcheck disable=SC3013
  if [ "$binary" -ef "$program" ]; then trusted=yes; fi
  if ! version=$("$binary" --version) || [ -z "$version" ]; then
    fail "the parameter binary names $binary, which does not run in this image: \`--version\` failed. It must be a loadforge-ci for $(uname -s) on $(uname -m)."
  fi
  writable || fail "$refused"
  if [ -z "$trusted" ]; then
    if there; then
      find_hasher
      clear_program "$program is not $binary; it is replaced" || fail "$refused"
    fi
    ln -s "$binary" "$program"
  fi
  add_to_path "$folder"
  say "using $binary, unverified ($version); this orb was packed for $(field version)"
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

if [ -f "$program" ] && [ -x "$program" ] && [ "$(sha256 "$program")" = "$program_sum" ]; then
  trusted=yes
  say "$(field version) is already in $folder, SHA-256 verified"
  add_to_path "$folder"
  exit 0
fi
writable || fail "$refused"
if there; then clear_program "$program is not the program of version $(field version); it is replaced" || fail "$refused"; fi
work=$(mktemp -d "$folder/download.XXXXXX")

base=$(given "${LF_MIRROR_URL:-}")
[ -n "$base" ] || base=$(field url)
archive=loadforge-ci-$(field version)-$platform.tar.gz
download "${base%/}/$archive" "$work/$archive"
verify "$work/$archive" "$archive_sum" "$archive"
unpack "$work/$archive" "$work"
verify "$work/loadforge-ci" "$program_sum" "loadforge-ci in $archive"
chmod 755 "$work/loadforge-ci"
mv -f "$work/loadforge-ci" "$program"
trusted=yes
printf '%s\n' "$program_sum" >"$made"
add_to_path "$folder"
say "$(field version) for $platform installed in $folder, SHA-256 verified"
