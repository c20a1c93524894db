//! No answer of the service makes the reader of a run's result panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadforge_ci::loadforge::wire::ResultRow;

fuzz_target!(|text: &str| {
    if let Ok(value) = serde_json::from_str(text) {
        let row = ResultRow::read(value);
        let _ = (row.state(), row.has_numbers());
    }
});
