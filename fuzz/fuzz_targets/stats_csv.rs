//! No bytes make the reader of Locust's stats panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = loadforge_ci::locust::read_stats("stats.csv", bytes);
});
