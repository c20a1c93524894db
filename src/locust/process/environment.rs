//! The environment of Locust and of what installs it: ours without our tokens. A load test runs code of others (the
//! script's libraries), which gets only the variables of `--env`.

use std::env;
use std::ffi::OsStr;

use tokio::process::Command;

use crate::redact;

/// Takes our own tokens and flags out of a command's environment.
pub(super) fn without_tokens(command: &mut Command) -> &mut Command {
    for (name, value) in env::vars_os() {
        if is_ours(&name) || value.to_str().is_some_and(redact::is_token) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable is a flag of ours or, by its name, a secret of LoadForge, GitHub or CircleCI.
fn is_ours(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let of_a_service = ["LOADFORGE", "GITHUB", "GH_", "CIRCLE"].iter().any(|start| name.starts_with(start));
    let is_secret = ["TOKEN", "SECRET", "PASSWORD", "_KEY"].iter().any(|word| name.contains(word));
    name.starts_with("LOADFORGE_CI_") || (of_a_service && is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_with_us_and_the_rest_goes_along() {
        for name in [
            "LOADFORGE_API_TOKEN",
            "LOADFORGE_CI_ENV",
            "LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "CIRCLE_TOKEN",
            "CIRCLE_OIDC_TOKEN_V2",
        ] {
            assert!(is_ours(name.as_ref()), "{name}");
        }
        for name in ["CIRCLE_BRANCH", "GITHUB_ACTIONS", "TEST_USER_PASSWORD", "PIP_INDEX_URL", "LOADFORGE_ENV", "PATH"]
        {
            assert!(!is_ours(name.as_ref()), "{name}");
        }
    }
}
