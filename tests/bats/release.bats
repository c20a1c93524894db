#!/usr/bin/env bats
# From built programs to a pinned orb: packaging, pinning, the checksums, the provenance and the guard.

PLATFORMS_OF_A_RELEASE='linux-amd64 linux-arm64 macos-amd64 macos-arm64'

setup() {
  unset "${!CIRCLE_@}" PLATFORMS NOTICES
  ROOT=$BATS_TEST_DIRNAME/../..
  DIST=$BATS_TEST_TMPDIR/dist
  VERSION=$("$ROOT/scripts/version")
  ARCHIVE=$DIST/loadforge-ci-$VERSION-linux-amd64.tar.gz
  export LF_RELEASE_FILE=$BATS_TEST_TMPDIR/release.txt CHANGELOG=$BATS_TEST_TMPDIR/CHANGELOG.md
  printf '# Changelog\n\n## [%s] - 2026-11-27\n' "$VERSION" >"$CHANGELOG"
  mkdir "$DIST"
  echo 'The licenses of what is linked in.' >"$DIST/THIRD-PARTY-LICENSES.txt"
  echo '{"bomFormat": "CycloneDX"}' >"$DIST/loadforge-ci.cdx.json"
  for platform in $PLATFORMS_OF_A_RELEASE; do package "$platform"; done
}

# Makes and archives the program of platform $1, which says that it is version $2; $3 as for program.py.
package() {
  program "$1" "${2:-$VERSION}" "${3:-}"
  "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/$1" "$1" "$DIST" "${2:-$VERSION}"
}

program() {
  python3 "$BATS_TEST_DIRNAME/program.py" "$BATS_TEST_TMPDIR/$1" "$1" "loadforge-ci $2
" ${3:+"$3"}
}

# Puts another file into an archive that is there already, as nothing but a fault of the pipeline would.
swap() {
  mkdir -p "$BATS_TEST_TMPDIR/swap"
  tar -xzf "$DIST/loadforge-ci-$VERSION-$1.tar.gz" -C "$BATS_TEST_TMPDIR/swap"
  cp "$2" "$BATS_TEST_TMPDIR/swap/loadforge-ci"
  tar -czf "$DIST/loadforge-ci-$VERSION-$1.tar.gz" -C "$BATS_TEST_TMPDIR/swap" loadforge-ci LICENSE THIRD-PARTY-LICENSES.txt
}

# Stands in for `circleci orb pack`: an orb holds the pinned text, indented.
pack() {
  "$ROOT/scripts/pin-release" "$DIST"
  sed 's/^/                        /' "$LF_RELEASE_FILE" >"$DIST/orb.yml"
  seal
}

seal() {
  "$ROOT/scripts/checksums" "$DIST"
  CIRCLE_TAG=v$VERSION CIRCLE_SHA1=abc CIRCLE_BUILD_URL=https://circleci.com/1 \
    "$ROOT/scripts/provenance" "$DIST" >"$DIST/provenance.json"
}

guard() {
  run "$ROOT/scripts/release-guard" "${1:-v$VERSION}" "$DIST"
  echo "$output"
}

@test "the committed release.txt is the crate's version without checksums" {
  "$ROOT/scripts/pin-release" --unreleased
  diff "$LF_RELEASE_FILE" "$ROOT/orb/scripts/release.txt"
}

@test "the same program makes the same archive: another day, another user's mask, another folder" {
  sum=$(sha256sum <"$ARCHIVE")
  mkdir "$BATS_TEST_TMPDIR/elsewhere"
  cp "$BATS_TEST_TMPDIR/linux-amd64" "$BATS_TEST_TMPDIR/elsewhere/another-name"
  touch -t 203001010000 "$BATS_TEST_TMPDIR/elsewhere/another-name" "$DIST/THIRD-PARTY-LICENSES.txt"
  rm "$ARCHIVE"
  (umask 077 && TZ=Asia/Tokyo "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/elsewhere/another-name" linux-amd64 "$DIST")
  [ "$sum" = "$(sha256sum <"$ARCHIVE")" ]
}

@test "an archive holds the program, its license and those of what is linked in" {
  [ "$(tar -tzf "$ARCHIVE" | tr '\n' ' ')" = "loadforge-ci LICENSE THIRD-PARTY-LICENSES.txt " ]
  rm "$DIST/THIRD-PARTY-LICENSES.txt"
  run package linux-amd64
  [ "$status" -ne 0 ]
  [[ "$output" == *"scripts/notices"* ]]
}

@test "what is pinned is what the archives are" {
  pack
  [ "$(wc -l <"$LF_RELEASE_FILE")" -eq 6 ]
  program=$(sha256sum <"$BATS_TEST_TMPDIR/macos-arm64" | cut -d ' ' -f 1)
  archive=$(sha256sum <"$DIST/loadforge-ci-$VERSION-macos-arm64.tar.gz" | cut -d ' ' -f 1)
  grep -qx "macos-arm64 $archive $program" "$LF_RELEASE_FILE"
  (cd "$DIST" && sha256sum -c SHA256SUMS)
}

@test "a release without one of its platforms is refused" {
  rm "$DIST/loadforge-ci-$VERSION-linux-arm64.tar.gz"
  run "$ROOT/scripts/pin-release" "$DIST"
  [ "$status" -eq 1 ]
  [[ "$output" == *"linux-arm64.tar.gz is missing"* ]]
}

@test "the guard passes when everything agrees" {
  pack
  guard
  [ "$status" -eq 0 ]
}

@test "the guard: another tag, another archive and an orb without checksums are refused" {
  pack
  guard v9.9.9
  [ "$status" -eq 1 ]
  [[ "$output" == *"the tag is v9.9.9, but Cargo.toml says $VERSION"* ]]

  cp "$DIST/orb.yml" "$BATS_TEST_TMPDIR/orb.yml"
  swap linux-amd64 "$BATS_TEST_TMPDIR/linux-amd64"
  seal
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"does not hold: linux-amd64"* ]]

  cp "$ROOT/orb/scripts/release.txt" "$DIST/orb.yml"
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"packed without checksums"* ]]
}

@test "the guard: a release that the changelog does not know is refused" {
  pack
  printf '# Changelog\n\n## [Unreleased]\n' >"$CHANGELOG"
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"CHANGELOG.md has no section [$VERSION]"* ]]
}

@test "the guard: a program of another platform is refused, and one program for two platforms" {
  swap linux-arm64 "$BATS_TEST_TMPDIR/linux-amd64"
  pack
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"built for linux-amd64 static; it must be linux-arm64 static"* ]]
  [[ "$output" == *"two platforms hold the same program"* ]]
  swap macos-amd64 "$ROOT/scripts/version"
  pack
  guard
  [[ "$output" == *"neither ELF nor Mach-O"* ]]
}

@test "the guard: a program that needs a C library is refused" {
  program linux-amd64 "$VERSION" --dynamic
  swap linux-amd64 "$BATS_TEST_TMPDIR/linux-amd64"
  pack
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"built for linux-amd64 dynamic; it must be linux-amd64 static"* ]]
}

@test "the guard: a program of another version is refused, on every platform that can be run here" {
  [ "$(uname -sm)" = "Linux x86_64" ] || skip "the programs are run on Linux"
  for platform in linux-amd64 linux-arm64; do
    if [ "$platform" = linux-arm64 ] && ! command -v qemu-aarch64-static qemu-aarch64 >/dev/null; then continue; fi
    program "$platform" 0.0.1
    swap "$platform" "$BATS_TEST_TMPDIR/$platform"
    pack
    guard
    [ "$status" -eq 1 ]
    [[ "$output" == *"the program for $platform says 'loadforge-ci 0.0.1'; it must say 'loadforge-ci $VERSION'"* ]]
  done
}

@test "the guard: an archive with anything else in it is refused" {
  mkdir "$BATS_TEST_TMPDIR/more"
  tar -xzf "$ARCHIVE" -C "$BATS_TEST_TMPDIR/more"
  : >"$BATS_TEST_TMPDIR/more/.env"
  tar -czf "$ARCHIVE" -C "$BATS_TEST_TMPDIR/more" loadforge-ci LICENSE THIRD-PARTY-LICENSES.txt .env
  pack
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"linux-amd64.tar.gz holds"*".env"* ]]
}

@test "the guard: checksums and provenance cover every file, the orb too" {
  pack
  cp "$DIST/SHA256SUMS" "$BATS_TEST_TMPDIR/sums"
  sed -i.bak '/ orb.yml$/d' "$DIST/SHA256SUMS"
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"SHA256SUMS does not cover orb.yml"* ]]
  CIRCLE_TAG=v$VERSION CIRCLE_SHA1=abc CIRCLE_BUILD_URL=https://circleci.com/1 "$ROOT/scripts/provenance" "$DIST" >"$BATS_TEST_TMPDIR/p.json"
  mv "$BATS_TEST_TMPDIR/p.json" "$DIST/provenance.json"
  cp "$BATS_TEST_TMPDIR/sums" "$DIST/SHA256SUMS"
  guard
  [ "$status" -eq 1 ]
  [[ "$output" == *"the provenance does not cover orb.yml"* ]]
}

@test "a development build says so, in its name and in its version" {
  run package linux-amd64 "$VERSION-dev.abc1234"
  [ "$status" -eq 0 ]
  [ -f "$DIST/loadforge-ci-$VERSION-dev.abc1234-linux-amd64.tar.gz" ]
  program linux-amd64 "$VERSION"
  run "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/linux-amd64" linux-amd64 "$DIST" "$VERSION-dev.abc1234"
  [ "$status" -ne 0 ]
  [[ "$output" == *"it must say 'loadforge-ci $VERSION-dev.abc1234'"* ]]
}

@test "the provenance names every file, the tag or branch, and the commit" {
  pack
  CIRCLE_BRANCH=main CIRCLE_SHA1=abc CIRCLE_BUILD_URL=https://circleci.com/1 "$ROOT/scripts/provenance" "$DIST" >"$BATS_TEST_TMPDIR/branch.json"
  python3 - "$DIST/provenance.json" "$BATS_TEST_TMPDIR/branch.json" <<'PY'
import json, sys
tag, branch = (json.load(open(path)) for path in sys.argv[1:])
names = sorted(subject["name"] for subject in tag["subject"])
assert len(names) == 7 and {"orb.yml", "loadforge-ci.cdx.json", "THIRD-PARTY-LICENSES.txt"} < set(names), names
definition = tag["predicate"]["buildDefinition"]
assert definition["resolvedDependencies"][0]["digest"]["gitCommit"] == "abc"
assert definition["externalParameters"]["ref"].startswith("refs/tags/v")
assert branch["predicate"]["buildDefinition"]["externalParameters"]["ref"] == "refs/heads/main"
PY
}
