//! No bytes make the reader of Locust's failures, or the reading of their texts, panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for failure in loadforge_ci::locust::read_failures("failures.csv", bytes).unwrap_or_default() {
        let _ = failure.kind();
    }
});
