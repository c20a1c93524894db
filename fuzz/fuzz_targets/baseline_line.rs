//! No line of a history file makes its reader panic, and a run that was read is read back from what is written of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadforge_ci::baseline::HistoryLine;

fuzz_target!(|text: &str| {
    if let HistoryLine::Run(run) = HistoryLine::parse(text) {
        let written = serde_json::to_string(&run).unwrap();
        assert_eq!(HistoryLine::parse(&written), HistoryLine::Run(run));
    }
});
