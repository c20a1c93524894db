//! No script makes the lint panic, and every place it names is in the script.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadforge_ci::lint::check;

fuzz_target!(|source: &str| {
    for found in check(source).unwrap_or_default() {
        assert!(found.line >= 1 && found.column >= 1 && found.line <= source.lines().count().max(1) + 1, "{found:?}");
    }
});
