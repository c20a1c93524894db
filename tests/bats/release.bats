#!/usr/bin/env bats
# From built programs to a pinned orb: packaging, pinning, the guard and the provenance.

setup() {
  ROOT=$BATS_TEST_DIRNAME/../..
  DIST=$BATS_TEST_TMPDIR/dist
  VERSION=$("$ROOT/scripts/version")
  export LF_RELEASE_FILE=$BATS_TEST_TMPDIR/release.txt
  printf '#!/bin/sh\necho hello\n' >"$BATS_TEST_TMPDIR/program"
  for platform in linux-amd64 linux-arm64 macos-amd64 macos-arm64; do
    "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/program" "$platform" "$DIST"
  done
}

# Stands in for `circleci orb pack`: an orb holds the pinned text, indented.
pack() {
  "$ROOT/scripts/pin-release" "$DIST"
  sed 's/^/                        /' "$LF_RELEASE_FILE" >"$DIST/orb.yml"
}

@test "the committed release.txt is the crate's version without checksums" {
  "$ROOT/scripts/pin-release" --unreleased
  diff "$LF_RELEASE_FILE" "$ROOT/orb/scripts/release.txt"
}

@test "the same program makes the same archive" {
  sum=$(sha256sum <"$DIST/loadforge-ci-$VERSION-linux-amd64.tar.gz")
  rm -r "$DIST"
  "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/program" linux-amd64 "$DIST"
  [ "$sum" = "$(sha256sum <"$DIST/loadforge-ci-$VERSION-linux-amd64.tar.gz")" ]
}

@test "what is pinned is what the archives are" {
  pack
  [ "$(wc -l <"$LF_RELEASE_FILE")" -eq 6 ]
  program=$(sha256sum <"$BATS_TEST_TMPDIR/program" | cut -d ' ' -f 1)
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

@test "the guard: another tag, another archive and an orb without checksums are refused" {
  pack
  run "$ROOT/scripts/release-guard" v9.9.9 "$DIST" "$DIST/orb.yml"
  [ "$status" -eq 1 ]
  [[ "$output" == *"the tag is v9.9.9, but Cargo.toml says $VERSION"* ]]

  cp "$DIST/orb.yml" "$BATS_TEST_TMPDIR/orb.yml"
  echo other >"$BATS_TEST_TMPDIR/program"
  "$ROOT/scripts/package" "$BATS_TEST_TMPDIR/program" linux-amd64 "$DIST"
  run "$ROOT/scripts/release-guard" "v$VERSION" "$DIST" "$BATS_TEST_TMPDIR/orb.yml"
  [ "$status" -eq 1 ]
  [[ "$output" == *"does not hold: linux-amd64"* ]]

  run "$ROOT/scripts/release-guard" "v$VERSION" "$DIST" "$ROOT/orb/scripts/release.txt"
  [ "$status" -eq 1 ]
  [[ "$output" == *"packed without checksums"* ]]
}

@test "the guard passes when everything agrees" {
  pack
  run "$ROOT/scripts/release-guard" "v$VERSION" "$DIST" "$DIST/orb.yml"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "the provenance names every archive and the commit" {
  pack
  CIRCLE_TAG=v$VERSION CIRCLE_SHA1=abc CIRCLE_BUILD_URL=https://circleci.com/1 "$ROOT/scripts/provenance" "$DIST" >"$BATS_TEST_TMPDIR/p.json"
  python3 - "$BATS_TEST_TMPDIR/p.json" <<'PY'
import json, sys
statement = json.load(open(sys.argv[1]))
assert len(statement["subject"]) == 4, statement
assert statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"] == "abc"
PY
}
