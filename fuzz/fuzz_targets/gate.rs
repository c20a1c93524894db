//! No text makes the gate parser panic, and what it understands is read back from its own spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadforge_ci::gate::Gate;

fuzz_target!(|text: &str| {
    match text.parse::<Gate>() {
        Ok(gate) => assert_eq!(gate.to_string().parse::<Gate>().as_ref(), Ok(&gate)),
        Err(error) => assert!(error.span().end <= error.text().len() && !error.to_string().is_empty()),
    }
});
