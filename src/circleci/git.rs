//! The commit, branch and repository under test: from CircleCI's variables, else from git.

use std::process::{Command, Stdio};

use jiff::Timestamp;

use super::CircleCi;

/// The environment of this process. Outside CircleCI, commit and branch come from git, so that a run on a laptop is
/// recorded with them too.
#[must_use]
pub fn environment() -> CircleCi {
    // The remote as configured: `insteadOf` would show a mirror in its place.
    let remote = || git(&["config", "--get", "remote.origin.url"]);
    let mut ci = CircleCi::from_env_and_remote(|name| std::env::var(name).ok(), remote);
    if !ci.present {
        ci.commit = ci.commit.or_else(|| git(&["rev-parse", "HEAD"]));
        ci.branch = ci.branch.or_else(|| git(&["symbolic-ref", "--short", "HEAD"]));
    }
    ci
}

/// When a commit of the checkout was made.
pub(super) fn committed_at(commit: &str) -> Option<Timestamp> {
    let seconds = git(&["show", "--no-patch", "--format=%ct", commit, "--"])?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
