//! Which commit and branch is under test: what CircleCI says, else what git says.

use std::process::{Command, Stdio};

use crate::circleci::CircleCi;

/// Fills in commit and branch from git where the CI environment says nothing, so that a run on a laptop is
/// recorded as well.
pub(super) fn environment() -> CircleCi {
    let mut ci = CircleCi::of_this_process();
    if !ci.present {
        ci.commit = ci.commit.or_else(|| git(&["rev-parse", "HEAD"]));
        ci.branch = ci.branch.or_else(|| git(&["symbolic-ref", "--short", "HEAD"]));
    }
    ci
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
