//! The gates of the configuration and of the command line.

use super::reports::read_template;
use crate::cli::CheckedArgs;
use crate::config::Config;
use crate::error::{CommandError, Explain};
use crate::exit::Exit;
use crate::gate::{GateError, PlacedGate};
use crate::report::markdown;
use crate::verdict::Origin;

/// The gates to judge: those of the configuration first, then those of `--gate`.
///
/// # Errors
/// When one of `--gate` cannot be understood.
pub(crate) fn gates(config: &Config, flags: &[String]) -> Result<Vec<PlacedGate>, CommandError> {
    let of_flags = flags.iter().map(|text| text.trim()).filter(is_gate).map(|text| match text.parse() {
        Ok(gate) => Ok(PlacedGate { gate, origin: Origin::Flag }),
        Err(fault) => Err(unreadable(&fault)),
    });
    config.gates.iter().cloned().map(Ok).chain(of_flags).collect()
}

/// Checks what a run will be judged by before it is paid for: the gates and the template. The configuration's own gates
/// and waivers were parsed when it was read.
///
/// # Errors
/// When a gate cannot be understood, or the template cannot be read or parsed.
pub(crate) fn check(config: &Config, arguments: &CheckedArgs) -> Result<(), CommandError> {
    gates(config, &arguments.gate)?;
    if let Some((name, text)) = read_template(arguments.template.as_deref())? {
        markdown::check(&name, &text)?;
    }
    Ok(())
}

/// Lists may hold blank lines and comments.
fn is_gate(line: &&str) -> bool {
    !line.is_empty() && !line.starts_with('#')
}

fn unreadable(fault: &GateError) -> CommandError {
    CommandError { exit: Exit::Usage, message: format!("--gate: {fault}"), hint: fault.hint() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_cannot_be_read_names_its_flag() {
        let fault = gates(&Config::default(), &["p95 <".to_owned()]).unwrap_err();
        assert!(fault.message.starts_with("--gate: "), "{fault}");
    }

    #[test]
    fn each_gate_knows_where_it_was_written_and_empty_lines_and_comments_are_no_gates() {
        let flags = ["p95 < 1s".to_owned(), " ".to_owned(), " # for the login".to_owned()];
        let gates = gates(&Config::default(), &flags).unwrap();
        assert_eq!(gates.iter().map(|gate| gate.origin.clone()).collect::<Vec<_>>(), [Origin::Flag]);
    }
}
