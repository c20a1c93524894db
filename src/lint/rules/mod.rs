//! The rules, by what they look at.

mod checks;
mod hosts;
mod names;
mod secrets;
mod users;

use super::diagnostic::Fault;
use super::script::Script;

/// All faults of a script, in no order.
pub(super) fn run(script: &Script<'_>) -> Vec<Fault> {
    let mut found = Vec::new();
    secrets::run(script, &mut found);
    hosts::run(script, &mut found);
    names::run(script, &mut found);
    users::run(script, &mut found);
    checks::run(script, &mut found);
    found
}
