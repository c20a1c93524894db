//! The rules, by what they look at.

mod checks;
mod hosts;
mod names;
mod secrets;
mod unmeasured;
mod users;

use super::diagnostic::LintFault;
use super::script::ParsedScript;

/// All faults of a script, in no order.
pub(super) fn run(script: &ParsedScript<'_>) -> Vec<LintFault> {
    let mut found = Vec::new();
    secrets::run(script, &mut found);
    hosts::run(script, &mut found);
    names::run(script, &mut found);
    users::run(script, &mut found);
    checks::run(script, &mut found);
    unmeasured::run(script, &mut found);
    found
}
