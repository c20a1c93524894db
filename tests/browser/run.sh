#!/usr/bin/env bash
# Opens report.html in a real browser: sorting, filtering, hover, no request, no error, contrast, phone, print.
# Needs cargo, node, npm and Chromium (CHROMIUM names it when it is not on PATH). Screenshots: target/tmp/shots.
set -euo pipefail
cd "$(dirname "$0")/../.."

find_chromium() {
  command -v chromium || command -v chromium-browser || command -v google-chrome || true
}
CHROMIUM=${CHROMIUM:-$(find_chromium)}
# Ubuntu's package is a snap, which does not run in a container; Playwright's own build does.
snap_only() { grep -qx 'ID=ubuntu' /etc/os-release 2>/dev/null; }
if [ -z "$CHROMIUM" ] && command -v apt-get >/dev/null && ! snap_only; then
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q
  $sudo apt-get install -qy --no-install-recommends chromium
  CHROMIUM=$(find_chromium)
fi
command -v npm >/dev/null || { echo "browser tests: npm not found" >&2; exit 1; }

# The pages are written by the reports' own tests.
cargo test --quiet --test it report::html::the_pages_for_the_browser_are_written >/dev/null
pages=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/tmp/pages

if [ ! -d tests/browser/node_modules/playwright-core ]; then
  npm install --prefix tests/browser --no-package-lock --no-audit --no-fund --loglevel=error
fi
if [ -z "$CHROMIUM" ] && snap_only; then
  (cd tests/browser && npx playwright-core install --with-deps chromium)
  CHROMIUM=$(cd tests/browser && node -e 'console.log(require("playwright-core").chromium.executablePath())')
fi
[ -n "$CHROMIUM" ] || { echo "browser tests: no Chromium found; install it or set CHROMIUM" >&2; exit 1; }
CHROMIUM=$CHROMIUM PAGES=$pages SHOTS=${pages%/pages}/shots node --test --test-reporter=spec tests/browser/report.test.mjs
