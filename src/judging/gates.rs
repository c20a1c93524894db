//! The gates of the file and of the command line, each with the place it was written at.

use std::path::Path;

use serde_saphyr::Spanned;

use crate::config::{Config, DEFAULT_FILE};
use crate::error::{CommandError, Explain};
use crate::exit::Exit;
use crate::gate::{Gate, GateError, PlacedGate, Waiver};
use crate::verdict::Origin;

/// Reads every gate; the file's come first.
///
/// # Errors
/// When one cannot be understood: the error names file, line and column, or the flag.
pub(crate) fn read_gates(
    config: &Config,
    file: Option<&Path>,
    flags: &[String],
) -> Result<Vec<PlacedGate>, CommandError> {
    let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE)).display().to_string();
    let of_file = config.gates.iter().map(|line| {
        let (number, column) = (line.referenced.line(), line.referenced.column());
        let gate = line.value.0.parse().map_err(|fault: GateError| {
            let column = column.saturating_add(fault.column() as u64).saturating_sub(1);
            unreadable(&format!("{path}:{number}:{column}"), &fault)
        })?;
        Ok(placed(gate, Origin::File { path: path.clone(), line: u32::try_from(number).unwrap_or(u32::MAX) }))
    });
    let of_flags = flags.iter().filter(|text| !text.trim().is_empty()).map(|text| {
        let gate = text.parse().map_err(|fault: GateError| unreadable("--gate", &fault))?;
        Ok(placed(gate, Origin::Flag))
    });
    of_file.chain(of_flags).collect()
}

/// The waivers of the file, each with its place.
pub(super) fn waivers(config: &Config, file: Option<&Path>) -> Vec<Waiver> {
    let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE)).display().to_string();
    let place = |number: u64| Origin::File { path: path.clone(), line: u32::try_from(number).unwrap_or(u32::MAX) };
    let placed = |waiver: &Spanned<Waiver>| Waiver { origin: place(waiver.referenced.line()), ..waiver.value.clone() };
    config.waivers.iter().map(placed).collect()
}

fn placed(gate: Gate, origin: Origin) -> PlacedGate {
    PlacedGate { gate, origin }
}

fn unreadable(place: &str, fault: &GateError) -> CommandError {
    CommandError { exit: Exit::Usage, message: format!("{place}: {fault}"), hint: fault.hint() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_gate_that_cannot_be_read_names_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gates.yml");
        std::fs::write(&path, "gates:\n  - p95 < 500ms\n  - warn: p59x < 1s\n").unwrap();
        let config = config::load(Some(&path), None, []).unwrap();
        let fault = read_gates(&config, Some(Path::new("gates.yml")), &[]).unwrap_err();
        assert!(fault.message.starts_with("gates.yml:3:11: "), "{fault}");
        let fault = read_gates(&Config::default(), None, &["p95 <".to_owned()]).unwrap_err();
        assert!(fault.message.starts_with("--gate: "), "{fault}");
    }

    #[test]
    fn each_gate_knows_where_it_was_written_and_empty_lines_are_no_gates() {
        let flags = ["p95 < 1s".to_owned(), " ".to_owned()];
        let gates = read_gates(&Config::default(), None, &flags).unwrap();
        assert_eq!(gates.iter().map(|gate| gate.origin.clone()).collect::<Vec<_>>(), [Origin::Flag]);
    }
}
