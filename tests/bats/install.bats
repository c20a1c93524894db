#!/usr/bin/env bats
# Tests write scripts in single quotes, and each runs in a subshell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2088
# What install.sh does with what it finds. The PATH of each test holds exactly the tools that the test names, and
# `curl` and `wget` are stand-ins that serve a folder; LF_TEST_SHELL is the shell the script runs in.

setup() {
  SCRIPT=$BATS_TEST_DIRNAME/../../orb/scripts/install.sh
  BIN=$BATS_TEST_TMPDIR/bin
  SERVED=$BATS_TEST_TMPDIR/served
  FOLDER=$BATS_TEST_TMPDIR/home/tools
  mkdir -p "$BIN" "$SERVED" "$BATS_TEST_TMPDIR/home" "$BATS_TEST_TMPDIR/release"
  : >"$BATS_TEST_TMPDIR/bash_env"
  for tool in sh sed cut head mktemp mkdir mv rm chmod tar gzip cat dirname basename ln grep env sha256sum printenv sort tr; do
    ln -s "$(command -v "$tool")" "$BIN/$tool"
  done
  stub uname 'case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac'
  stub sleep ':'
  # The release: a program that says that it ran.
  printf '#!/bin/sh\necho "loadforge-ci 1.2.3"; : >"%s"\n' "$BATS_TEST_TMPDIR/executed" >"$BATS_TEST_TMPDIR/release/loadforge-ci"
  chmod 755 "$BATS_TEST_TMPDIR/release/loadforge-ci"
  for platform in linux-amd64 linux-arm64 macos-amd64 macos-arm64; do
    tar -czf "$SERVED/loadforge-ci-1.2.3-$platform.tar.gz" -C "$BATS_TEST_TMPDIR/release" loadforge-ci
  done
  pin
}

pin() {
  program=$(sha256sum <"$BATS_TEST_TMPDIR/release/loadforge-ci" | cut -d ' ' -f 1)
  RELEASE="version 1.2.3
url https://downloads.example/v1.2.3"
  for platform in linux-amd64 linux-arm64 macos-amd64 macos-arm64; do
    RELEASE="$RELEASE
$platform $(sha256sum <"$SERVED/loadforge-ci-1.2.3-$platform.tar.gz" | cut -d ' ' -f 1) $program"
  done
}

stub() {
  printf '#!/bin/sh\n%s\n' "$2" >"$BIN/$1"
  chmod 755 "$BIN/$1"
}

with_curl() {
  stub curl 'while [ $# -gt 1 ]; do [ "$1" = --output ] && { out=$2; shift; }; shift; done
echo "curl $1" >>"'"$BATS_TEST_TMPDIR"'/asked"
cat "'"$SERVED"'/${1##*/}" >"$out" 2>/dev/null || { echo "curl: (22) 404" >&2; exit 22; }'
}

with_wget() {
  stub wget 'while [ $# -gt 1 ]; do [ "$1" = -O ] && { out=$2; shift; }; shift; done
echo "wget $1" >>"'"$BATS_TEST_TMPDIR"'/asked"
cat "'"$SERVED"'/${1##*/}" >"$out" 2>/dev/null || { echo "wget: 404" >&2; exit 8; }'
}

# The shell may be two words, such as `busybox sh`; it is named by its path, since it is not on that PATH.
find_shell() {
  read -r -a shell <<<"${LF_TEST_SHELL:-dash}"
  shell[0]=$(command -v "${shell[0]}")
}

# Whether the shell brings a tool of its own that no PATH can hide, as a stand-alone BusyBox does.
brings() {
  find_shell
  env -i PATH=/nonexistent "${shell[@]}" -c "command -v $1" >/dev/null
}

# Without HOME when the first argument is --no-home.
install() {
  find_shell
  home=HOME=$BATS_TEST_TMPDIR/home
  if [ "${1:-}" = --no-home ]; then
    home=NO_HOME=1
    shift
  fi
  # In a stand-alone BusyBox a function goes before the tools that it brings, as a stand-in on PATH does elsewhere.
  run_file=$BATS_TEST_TMPDIR/run.sh
  : >"$run_file"
  for tool in uname sleep curl wget; do
    if [ -e "$BIN/$tool" ] && [ ! -L "$BIN/$tool" ]; then printf '%s() { "%s" "$@"; }\n' "$tool" "$BIN/$tool" >>"$run_file"; fi
  done
  cat "$SCRIPT" >>"$run_file"
  set -- "$@" "${shell[@]}" -e "$run_file"
  run env -i PATH="$BIN" "$home" BASH_ENV="$BATS_TEST_TMPDIR/bash_env" \
    LF_PARAMETERS="$(cat "$BATS_TEST_DIRNAME/../../orb/scripts/parameters.sh")" \
    LF_RELEASE="$RELEASE" LF_MIRROR_URL= LF_INSTALL_DIR="$FOLDER" LF_BINARY= "$@"
  echo "$output"
}

# Nothing from the download was executed, and nothing executable was left.
nothing_left() {
  [ ! -e "$BATS_TEST_TMPDIR/executed" ]
  [ ! -e "$FOLDER" ] || [ -z "$(find "$FOLDER" -type f)" ]
}

@test "curl: the program is verified and installed, and the next step finds it" {
  with_curl
  install
  [ "$status" -eq 0 ]
  [[ "$output" == *"1.2.3 for linux-amd64 installed in $FOLDER, SHA-256 verified"* ]]
  [ "$(cat "$BATS_TEST_TMPDIR/asked")" = "curl https://downloads.example/v1.2.3/loadforge-ci-1.2.3-linux-amd64.tar.gz" ]
  [ ! -e "$BATS_TEST_TMPDIR/executed" ]
  run env -i PATH="/usr/bin:/bin" BASH_ENV="$BATS_TEST_TMPDIR/bash_env" bash -c 'loadforge-ci --version'
  [ "$output" = "loadforge-ci 1.2.3" ]
}

@test "wget only" {
  with_wget
  install
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/loadforge-ci" ]
  [[ "$(cat "$BATS_TEST_TMPDIR/asked")" == wget* ]]
}

@test "neither curl nor wget" {
  if brings wget; then skip "this shell brings wget"; fi
  install
  [ "$status" -ne 0 ]
  [[ "$output" == *"neither curl nor wget"* ]]
  nothing_left
}

@test "a wrong checksum stops the job and leaves nothing" {
  with_curl
  printf '#!/bin/sh\n: >"%s"\n' "$BATS_TEST_TMPDIR/executed" >"$BATS_TEST_TMPDIR/release/loadforge-ci"
  tar -czf "$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz" -C "$BATS_TEST_TMPDIR/release" loadforge-ci
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"but this orb was packed for"* ]]
  nothing_left
}

@test "an archive that matches but holds another program is refused too" {
  with_curl
  printf '#!/bin/sh\n: >"%s"\n' "$BATS_TEST_TMPDIR/executed" >"$BATS_TEST_TMPDIR/release/loadforge-ci"
  chmod 755 "$BATS_TEST_TMPDIR/release/loadforge-ci"
  tar -czf "$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz" -C "$BATS_TEST_TMPDIR/release" loadforge-ci
  sum=$(sha256sum <"$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz" | cut -d ' ' -f 1)
  RELEASE=$(printf '%s\n' "$RELEASE" | sed "s/^linux-amd64 [0-9a-f]*/linux-amd64 $sum/")
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"loadforge-ci in loadforge-ci-1.2.3-linux-amd64.tar.gz"* ]]
  nothing_left
}

@test "an HTML error page is refused and called by its name" {
  with_curl
  echo '<!DOCTYPE html><title>Sign in</title>' >"$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz"
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"a web page instead of the file"* ]]
  nothing_left
}

@test "no sha256sum: shasum does" {
  with_curl
  rm "$BIN/sha256sum"
  stub shasum "[ \"\$1 \$2\" = '-a 256' ] && exec $(command -v sha256sum)"
  install
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/loadforge-ci" ]
}

@test "neither sha256sum nor shasum: nothing is downloaded" {
  if brings sha256sum; then skip "this shell brings sha256sum"; fi
  with_curl
  rm "$BIN/sha256sum"
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"neither sha256sum nor shasum"* ]]
  [ ! -e "$BATS_TEST_TMPDIR/asked" ]
  nothing_left
}

@test "a folder that cannot be written" {
  with_curl
  : >"$BATS_TEST_TMPDIR/home/file"
  FOLDER=$BATS_TEST_TMPDIR/home/file/tools
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot write to $FOLDER. Name another folder with the parameter install_dir."* ]]
}

@test "a tilde is the home folder" {
  with_curl
  FOLDER='~/a folder/bin'
  install
  [ "$status" -eq 0 ]
  [ -x "$BATS_TEST_TMPDIR/home/a folder/bin/loadforge-ci" ]
  run env -i PATH="/usr/bin:/bin" BASH_ENV="$BATS_TEST_TMPDIR/bash_env" bash -c 'loadforge-ci --version'
  [ "$output" = "loadforge-ci 1.2.3" ]
}

@test "linux on arm64, macOS on both" {
  with_curl
  for machine in "Linux aarch64 linux-arm64" "Darwin arm64 macos-arm64" "Darwin x86_64 macos-amd64"; do
    # shellcheck disable=SC2086
    set -- $machine
    stub uname "case \$1 in -s) echo $1 ;; -m) echo $2 ;; esac"
    rm -rf "$FOLDER"
    install
    [ "$status" -eq 0 ]
    [[ "$output" == *"1.2.3 for $3 installed"* ]]
  done
}

@test "an unknown platform" {
  with_curl
  stub uname 'case $1 in -s) echo FreeBSD ;; -m) echo amd64 ;; esac'
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"no build for FreeBSD"* ]]
  stub uname 'case $1 in -s) echo Linux ;; -m) echo riscv64 ;; esac'
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"no build for riscv64"* ]]
  nothing_left
}

@test "the verified version is already there: no download" {
  with_curl
  install
  rm "$BATS_TEST_TMPDIR/asked"
  install
  [ "$status" -eq 0 ]
  [[ "$output" == *"1.2.3 is already in $FOLDER"* ]]
  [ ! -e "$BATS_TEST_TMPDIR/asked" ]
  [ "$(grep -c PATH "$BATS_TEST_TMPDIR/bash_env")" -eq 1 ]
}

# Puts a program of somebody else under the name of ours.
another_program() {
  mkdir -p "$FOLDER"
  printf '#!/bin/sh\n: >"%s"\n' "$BATS_TEST_TMPDIR/executed" >"$FOLDER/loadforge-ci"
  chmod 755 "$FOLDER/loadforge-ci"
}

@test "another program under that name is replaced and kept, and no later step can run it when the download fails" {
  with_curl
  another_program
  cp -r "$SERVED" "$BATS_TEST_TMPDIR/kept"
  rm "$SERVED"/*
  install
  [ "$status" -eq 1 ]
  [ ! -e "$FOLDER/loadforge-ci" ]
  [ ! -e "$BATS_TEST_TMPDIR/executed" ]
  grep -q executed "$FOLDER"/loadforge-ci.kept.*
  cp "$BATS_TEST_TMPDIR/kept"/* "$SERVED"
  install
  [ "$status" -eq 0 ]
  [ "$(sha256sum <"$FOLDER/loadforge-ci" | cut -d ' ' -f 1)" = "$program" ]
}

@test "an install that cannot even start leaves another program where no later step runs it" {
  another_program
  stub uname 'echo Plan9'
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"no build for Plan9"* ]]
  [ ! -e "$FOLDER/loadforge-ci" ]
  grep -q executed "$FOLDER"/loadforge-ci.kept.*
}

@test "the program of an earlier release is replaced without a copy" {
  with_curl
  install
  printf '#!/bin/sh\necho "loadforge-ci 1.2.4"\n' >"$BATS_TEST_TMPDIR/release/loadforge-ci"
  tar -czf "$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz" -C "$BATS_TEST_TMPDIR/release" loadforge-ci
  pin
  install
  [ "$status" -eq 0 ]
  [ "$("$FOLDER/loadforge-ci")" = "loadforge-ci 1.2.4" ]
  [ "$(find "$FOLDER" -name 'loadforge-ci*' | wc -l)" -eq 1 ]
}

@test "a folder under the program's name is left alone" {
  with_curl
  mkdir -p "$FOLDER/loadforge-ci"
  : >"$FOLDER/loadforge-ci/notes"
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"loadforge-ci is a folder"*"install_dir"* ]]
  [ -e "$FOLDER/loadforge-ci/notes" ]
}

@test "HOME is not set: the home folder is the working directory, which is said" {
  with_curl
  cd "$BATS_TEST_TMPDIR"
  install --no-home LF_INSTALL_DIR="~/tools"
  [ "$status" -eq 0 ]
  [[ "$output" == *"HOME is not set in this image: ~/tools is taken to be below the working directory, $PWD"* ]]
  [ -x "$PWD/tools/loadforge-ci" ]
  FOLDER=$BATS_TEST_TMPDIR/other
  install --no-home
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/loadforge-ci" ]
  [[ "$output" != *HOME* ]]
}

@test "BASH_ENV that cannot be written: said, and the program stays" {
  with_curl
  install BASH_ENV=/nonexistent/folder/bash_env
  [ "$status" -eq 0 ]
  [[ "$output" == *"cannot write to /nonexistent/folder/bash_env (BASH_ENV), so later steps find the program as $FOLDER/loadforge-ci"* ]]
  [ -x "$FOLDER/loadforge-ci" ]
}

@test "no gzip: another program unpacks, and without any it is said what to install" {
  brings gzip && skip "this shell brings gzip along"
  with_curl
  rm "$BIN/gzip"
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot unpack "*"Install gzip, or name a program"* ]]
  nothing_left
  ln -s "$(command -v gzip)" "$BIN/pigz"
  install
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/loadforge-ci" ]
}

@test "variables in its parameters are filled in, and refused in what CircleCI uses" {
  with_curl
  install TOOLS="$FOLDER" LF_INSTALL_DIR='${TOOLS}/bin' LF_CIRCLECI_RESULTS=loadforge-results
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/bin/loadforge-ci" ]
  install LF_INSTALL_DIR='${UNKNOWN}/bin'
  [ "$status" -eq 2 ]
  [[ "$output" == *'the variable UNKNOWN is not set'* ]]
  for name in RESULTS HISTORY BASELINE_KEY BASELINE_BRANCH WORKING_DIRECTORY; do
    install "LF_CIRCLECI_$name=\${SERVICE}" SERVICE=checkout
    [ "$status" -eq 2 ]
    # shellcheck disable=SC2018,SC2019
    parameter=$(printf '%s' "$name" | tr 'A-Z' 'a-z')
    [[ "$output" == *"the parameter $parameter is '\${SERVICE}', but CircleCI itself uses it"* ]]
  done
}

@test "a mirror that is down: four attempts, then the parameter to change" {
  with_curl
  rm "$SERVED"/*
  install LF_MIRROR_URL=https://mirror.example/loadforge/
  [ "$status" -eq 1 ]
  [ "$(grep -c '^curl https://mirror.example/loadforge/loadforge-ci-1.2.3-linux-amd64.tar.gz$' "$BATS_TEST_TMPDIR/asked")" -eq 4 ]
  [[ "$output" == *"in 4 attempts"*"mirror_url"* ]]
  nothing_left
}

@test "a mirror is believed no more than the release: the pinned checksum decides" {
  with_curl
  echo tampered >"$SERVED/loadforge-ci-1.2.3-linux-amd64.tar.gz"
  install LF_MIRROR_URL=https://mirror.example
  [ "$status" -eq 1 ]
  [[ "$output" == *"Nothing from it was executed"* ]]
  nothing_left
}

@test "<nil> counts as unset" {
  with_curl
  install LF_MIRROR_URL='<nil>' LF_BINARY='<nil>'
  [ "$status" -eq 0 ]
  [[ "$(cat "$BATS_TEST_TMPDIR/asked")" == "curl https://downloads.example/"* ]]
}

@test "a program that is already there is used without a download" {
  install LF_BINARY="$BATS_TEST_TMPDIR/release/loadforge-ci"
  [ "$status" -eq 0 ]
  [[ "$output" == *"unverified (loadforge-ci 1.2.3)"* ]]
  [ "$FOLDER/loadforge-ci" -ef "$BATS_TEST_TMPDIR/release/loadforge-ci" ]
  install LF_BINARY=/no/such/program
  [ "$status" -eq 1 ]
  [[ "$output" == *"not an executable file"* ]]
}

@test "binary: the program in the install folder itself is used and left as it is" {
  mkdir -p "$FOLDER"
  cp -p "$BATS_TEST_TMPDIR/release/loadforge-ci" "$FOLDER/loadforge-ci"
  for _ in 1 2; do
    install LF_BINARY="$FOLDER/loadforge-ci"
    [ "$status" -eq 0 ]
    [ -f "$FOLDER/loadforge-ci" ] && [ ! -L "$FOLDER/loadforge-ci" ]
    cmp "$FOLDER/loadforge-ci" "$BATS_TEST_TMPDIR/release/loadforge-ci"
  done
}

@test "binary: the link that an earlier step made is used again" {
  install LF_BINARY="$BATS_TEST_TMPDIR/release/loadforge-ci"
  install LF_BINARY="$FOLDER/loadforge-ci"
  [ "$status" -eq 0 ]
  [ "$FOLDER/loadforge-ci" -ef "$BATS_TEST_TMPDIR/release/loadforge-ci" ]
  "$FOLDER/loadforge-ci"
}

@test "binary: a link to itself is no program, and is taken away" {
  mkdir -p "$FOLDER"
  ln -s "$FOLDER/loadforge-ci" "$FOLDER/loadforge-ci"
  install LF_BINARY="$FOLDER/loadforge-ci"
  [ "$status" -eq 1 ]
  [[ "$output" == *"not an executable file"* ]]
  with_curl
  ln -sf "$FOLDER/loadforge-ci" "$FOLDER/loadforge-ci"
  install
  [ "$status" -eq 0 ]
  [ -x "$FOLDER/loadforge-ci" ]
}

@test "binary: a program that cannot run is refused, and stays where it is" {
  mkdir -p "$FOLDER"
  for content in '\177ELF is not enough' '#!/bin/sh\nexit 3\n' '#!/bin/sh\n'; do
    # shellcheck disable=SC2059
    printf "$content" >"$FOLDER/loadforge-ci"
    chmod 755 "$FOLDER/loadforge-ci"
    install LF_BINARY="$FOLDER/loadforge-ci"
    [ "$status" -eq 1 ]
    [[ "$output" == *"does not run in this image"*"Linux on x86_64"* ]]
    [ -x "$FOLDER/loadforge-ci" ]
  done
}

@test "binary: a program of somebody else under our name is kept" {
  another_program
  install LF_BINARY="$BATS_TEST_TMPDIR/release/loadforge-ci"
  [ "$status" -eq 0 ]
  [ "$FOLDER/loadforge-ci" -ef "$BATS_TEST_TMPDIR/release/loadforge-ci" ]
  grep -q executed "$FOLDER"/loadforge-ci.kept.*
}

@test "binary: below the home folder, and in the working directory without a slash" {
  cp -p "$BATS_TEST_TMPDIR/release/loadforge-ci" "$BATS_TEST_TMPDIR/home/mine"
  install LF_BINARY='~/mine'
  [ "$status" -eq 0 ]
  cd "$BATS_TEST_TMPDIR/home"
  install LF_BINARY=mine
  [ "$status" -eq 0 ]
  [ "$FOLDER/loadforge-ci" -ef "$BATS_TEST_TMPDIR/home/mine" ]
}

@test "an orb that was packed without a release installs nothing" {
  with_curl
  RELEASE=$(cat "$BATS_TEST_DIRNAME/../../orb/scripts/release.txt")
  install
  [ "$status" -eq 1 ]
  [[ "$output" == *"packed without the checksums of a release"* ]]
  [ ! -e "$BATS_TEST_TMPDIR/asked" ]
}
