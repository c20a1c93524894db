#!/usr/bin/env bats
# Tests write scripts in single quotes.
# shellcheck disable=SC2016
# What reaches GitHub, Sigstore and the orb registry, with stand-ins for their command lines that write down each call.

setup() {
  unset "${!CIRCLE_@}"
  ROOT=$BATS_TEST_DIRNAME/../..
  DIST=$BATS_TEST_TMPDIR/dist
  CALLS=$BATS_TEST_TMPDIR/calls
  mkdir -p "$DIST" "$BATS_TEST_TMPDIR/bin"
  : >"$CALLS"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# A stand-in for command $1, which answers by the shell code $2.
stub() {
  printf '#!/bin/bash\nprintf "%%s\\n" "%s $*" >>"%s"\n%s\n' "$1" "$CALLS" "$2" >"$BATS_TEST_TMPDIR/bin/$1"
  chmod 755 "$BATS_TEST_TMPDIR/bin/$1"
}

archives() {
  for platform in linux-amd64 macos-arm64; do : >"$DIST/loadforge-ci-1.0.0-dev.abc1234-$platform.tar.gz"; done
  : >"$DIST/orb.yml"
}

@test "a branch's archives go to the pre-release dev, which is made once" {
  archives
  stub gh 'case "$1 $2 $*" in *--json*) ;; "release view"*) exit 1 ;; esac'
  "$ROOT/scripts/publish-dev" "$DIST" 1.0.0-dev.abc1234
  grep -q '^gh release create dev --prerelease' "$CALLS"
  grep -qE '^gh release upload dev --clobber .*abc1234-linux-amd64.tar.gz .*abc1234-macos-arm64.tar.gz$' "$CALLS"
  run grep -c 'orb.yml' "$CALLS"
  [ "$output" = 0 ]
  : >"$CALLS"
  stub gh ':'
  "$ROOT/scripts/publish-dev" "$DIST" 1.0.0-dev.abc1234
  run grep -c 'release create' "$CALLS"
  [ "$output" = 0 ]
}

@test "archives that no development version can name any more are removed, and only those" {
  archives
  # What `gh --jq` would select, by the query it is given: the filter is run for real where jq is there.
  cat >"$BATS_TEST_TMPDIR/assets.json" <<JSON
{"assets": [{"name": "old.tar.gz", "createdAt": "2020-01-01T00:00:00Z"}, {"name": "new.tar.gz", "createdAt": "2999-01-01T00:00:00Z"}]}
JSON
  command -v jq >/dev/null || skip "jq is not installed"
  stub gh "case \$* in *--json*) jq -r \"\${!#}\" '$BATS_TEST_TMPDIR/assets.json' ;; esac"
  "$ROOT/scripts/publish-dev" "$DIST" 1.0.0-dev.abc1234
  [ "$(grep delete-asset "$CALLS")" = "gh release delete-asset dev old.tar.gz --yes" ]
}

@test "the checksums and the provenance are signed with the job's own identity, outside CircleCI nothing is" {
  run "$ROOT/scripts/sign" "$DIST"
  [ "$status" -ne 0 ]
  [[ "$output" == *"the identity of a CircleCI job"* ]]
  stub circleci 'echo a-token'
  stub cosign '[ "$SIGSTORE_ID_TOKEN" = a-token ] || exit 1'
  CIRCLE_ORGANIZATION_ID=org-1 run "$ROOT/scripts/sign" "$DIST"
  [ "$status" -eq 0 ]
  [[ "$output" != *a-token* ]]
  [ "$(grep -c '^cosign sign-blob --yes .*oidc.circleci.com/org/org-1' "$CALLS")" -eq 2 ]
  grep -q -- "--bundle $DIST/SHA256SUMS.sigstore.json .* $DIST/SHA256SUMS\$" "$CALLS"
  grep -q -- "--bundle $DIST/provenance.json.sigstore.json .* $DIST/provenance.json\$" "$CALLS"
  grep -q '^circleci run oidc get --claims {"aud": "sigstore"}$' "$CALLS"
}

@test "the orb's first version is published once, and not without a yes" {
  stub circleci '[ "$2" != info ]'
  run "$ROOT/scripts/create-orb" org-1 <<<n
  [ "$status" -eq 1 ]
  [ "$(grep -vc 'orb info' "$CALLS")" -eq 0 ]
  run "$ROOT/scripts/create-orb" org-1 <<<y
  [ "$status" -eq 0 ]
  grep -q '^circleci namespace create loadforge-ci --org-id org-1 --no-prompt$' "$CALLS"
  grep -q '^circleci orb create loadforge-ci/loadforge --no-prompt$' "$CALLS"
  grep -q '^circleci orb publish .* loadforge-ci/loadforge@0.0.1$' "$CALLS"
  : >"$CALLS"
  stub circleci ':'
  run "$ROOT/scripts/create-orb" org-1
  [[ "$output" == *"has its first version already"* ]]
  [ "$(wc -l <"$CALLS")" -eq 1 ]
}
